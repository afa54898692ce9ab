# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two builds of faintweb give the same results, bit by bit, on one machine.

same_results.py BEFORE AFTER MODELS FOLDER [MAP...]: BEFORE and AFTER are the programs, MODELS a folder of models,
FOLDER gets what both write (some 300 MB); MAPs are classified beside the mock skies, with each model whose pixel and
beam they may have (a mismatch is accepted). Compared are
- mock skies of 2000 px, all of their images;
- catalogues of the maps and of four mock skies, with each model, in fp32 and bf16, on 1 and 2 ranks: the values of
  every column of /tiles, /fields (but window_hash), /score, /local_rms and /provenance/maps;
- trainings of faintweb_fast and cosmodeep from the same skies: the losses of all epochs and the weights.
Prints a line for each comparison, with the number of values; exits with 1 if one differs. It takes half an hour on 2 cores.
"""

import pathlib
import subprocess
import sys

import h5py
import numpy as np
from astropy.io import fits
from safetensors.numpy import load_file

CAMPAIGN = """
name: same
seed: 3
stages: [simulate, train]
field_px: 2000
boxes: {edges_mpc: [100], n_slabs: [4], n_particles: 64, n_mesh: 120, n_steps: 8, map_px: 3800, web_map_px: 1000}
sky: {size_px: %(size_px)d, pixel_arcsec: 9.6, z_min: 0.1, z_max: 0.19, min_mass_msun: 1e13, xi_e: 0.2}
label: {min_pixels: 9, flux_threshold_jy_arcsec2: 1e-9}
simulate: {n_train: %(n_train)d, n_test: %(n_test)d}
train: {network: %(network)s, epochs: %(epochs)d, batch_size: 20, learning_rate: 3e-4}
"""
# Not of the results: when and with what a file was made.
NOT_COMPARED = {"fields": {"window_hash"}}
n_different = 0


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: an input failed, alike in both
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}: {done.stderr[-2000:]}")


def tell(what, n_values, is_same):
    global n_different
    n_different += not is_same
    print(f"{'same     ' if is_same else 'DIFFERENT'} {what}: {n_values} values", flush=True)


def columns_of(path):
    """{name of a dataset and column: its values as bytes}"""
    columns = {}
    with h5py.File(path) as file:
        for name in ("tiles", "fields", "score", "local_rms", "provenance/maps"):
            if name not in file:
                continue
            table = file[name][()]
            for column in table.dtype.names or [""]:
                if column not in NOT_COMPARED.get(name, ()):
                    columns[f"/{name} {column}".rstrip()] = table[column] if column else table
    return columns


def compare_catalogues(what, before, after):
    ours, theirs = columns_of(after), columns_of(before)
    different = [name for name in theirs if name not in ours or ours[name].tobytes() != theirs[name].tobytes()]
    different += [name for name in ours if name not in theirs]
    tell(what + "".join(f" {name}" for name in different), sum(v.size for v in theirs.values()), not different)


def campaign(folder, name, **values):
    path = folder / f"{name}.yaml"
    path.write_text(CAMPAIGN % values)
    return path


def main(before, after, models, folder, *maps):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    programs = {"before": before, "after": after}

    skies = campaign(folder, "skies", size_px=2000, n_train=1, n_test=4, network="faintweb_fast", epochs=1)
    for name, program in programs.items():
        output = folder / name / "skies"
        run(program, "simulate", skies, "--set", f"output={output}", "--set", f"boxes.folder={folder / name / 'boxes'}")
    images = sorted((folder / "before/skies").rglob("*.fits"))
    for image in images:
        theirs = fits.getdata(image)
        ours = fits.getdata(folder / "after" / image.relative_to(folder / "before"))
        tell(f"sky {image.name}", theirs.size, ours.tobytes() == theirs.tobytes())

    mocks = [image for image in images if image.name.startswith("noise_") and image.parent.name == "test"]
    for model in sorted(pathlib.Path(models).glob("*.safetensors")):
        for precision in ("fp32", "bf16"):
            for n_ranks in (1, 2):
                catalogues = {}
                for name, program in programs.items():
                    catalogues[name] = folder / name / f"{model.stem}-{precision}-{n_ranks}.h5"
                    ranks = [] if n_ranks == 1 else ["mpirun", "--oversubscribe", "-n", n_ranks]
                    run(*ranks, program, "detect", "--overwrite", "--accept-mismatch", "pixel,beam", "--model", model,
                        "--set", f"detect.precision={precision}", "-o", catalogues[name], *maps, *mocks)
                compare_catalogues(f"{model.stem} {precision} {n_ranks} ranks", *catalogues.values())

    for network, epochs in (("faintweb_fast", 40), ("cosmodeep", 10)):
        training = campaign(folder, network, size_px=640, n_train=3, n_test=1, network=network, epochs=epochs)
        for n_ranks in (1, 2):
            results = {}
            for name, program in programs.items():
                results[name] = output = folder / name / f"{network}-{n_ranks}"
                ranks = [] if n_ranks == 1 else ["mpirun", "--oversubscribe", "-n", n_ranks]
                run(*ranks, program, "run", training, "--set", f"output={output}",
                    "--set", f"boxes.folder={folder / name / 'boxes'}")
            histories = [np.genfromtxt(results[name] / "history.csv", delimiter=",", names=True) for name in programs]
            n_steps = int(histories[0]["steps"][-1])
            weights = [load_file(results[name] / "model.safetensors") for name in programs]
            tell(f"losses of {n_steps} steps of {network} on {n_ranks} ranks", histories[0].size,
                 histories[0]["loss"].tobytes() == histories[1]["loss"].tobytes())
            tell(f"weights of {network} after {n_steps} steps on {n_ranks} ranks",
                 sum(tensor.size for tensor in weights[0].values()),
                 weights[0].keys() == weights[1].keys()
                 and all(weights[0][k].tobytes() == weights[1][k].tobytes() for k in weights[0]))
    print(f"{n_different} of the comparisons differ")
    return n_different > 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
