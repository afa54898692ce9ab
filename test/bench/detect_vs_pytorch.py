"""Detection on two cores, from map files to a catalogue: ours against Python scripts, in turns.

python3 detect_vs_pytorch.py FAINTWEB [N_FIELDS] [N_ROUNDS] [cpu|cuda]    (a Python with torch, astropy, h5py)

FAINTWEB is the program, built as a release. The model and the maps are those of config/bench-model.yaml,
made once into the user's cache folder (some minutes). Every field is a file of its own. The clock of either
side runs from its first file to its closed output; that of ours also has reading the model and the hashes of
the maps. TensorFlow has rows where it can be imported. Prints fields/s (median of the rounds), ratios (median
over rounds of what ran next to one another) and how the scores differ, tile by tile.
"""

import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "detect_peer.py")
CAMPAIGN = os.path.join(HERE, "../../config/bench-model.yaml")
ENVIRONMENT = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                            "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
PAPER = "10.4 +- 0.2 (Gheller et al. 2018, one P100)"


def run(command):
    # What only our program needs, or only the scripts, must not disturb the other.
    environment = dict(ENVIRONMENT)
    if command[0] == sys.executable:
        environment.pop("LD_LIBRARY_PATH", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)[:300]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def make_inputs(program):
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "faintweb/bench-model")
    model = os.path.join(cache, "model.safetensors")
    if not os.path.exists(model):
        print(f"making the model and the maps in {cache}", file=sys.stderr)
        run(["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "2", program, "run", CAMPAIGN, "--set", f"output={cache}"])
    return model, [f"{cache}/skies/test/noise_{number:05}.fits" for number in range(4)]


def processor():
    with open("/proc/cpuinfo") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines())
    facts = {name.strip(): value.strip() for name, value in lines.items()}
    sets = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
            if name in facts["flags"].split()]
    return f"{facts['model name']}: {', '.join(sets)}; {len(os.sched_getaffinity(0))} cores for each side"


def main(program, n_fields=24, n_rounds=3, device="cpu"):
    n_fields, n_rounds = int(n_fields), int(n_rounds)
    model, skies = make_inputs(program)
    with tempfile.TemporaryDirectory() as folder:
        maps = [shutil.copy(skies[i % len(skies)], f"{folder}/map_{i:03}.fits") for i in range(n_fields)]
        catalogue = f"{folder}/catalogue.h5"
        other = f"{folder}/other.h5"

        def ours(n_ranks, n_threads, precision):
            return ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(n_ranks), program, "detect", *maps,
                    "--model", model, "--output", catalogue, "--profile", "--set", f"detect.precision={precision}",
                    "--set", f"parallel.device={device}", "--set", f"parallel.threads={n_threads}",
                    "--set", "parallel.scatter=windows", "--set", "detect.pictures=false", "--set", "detect.exports=[]"]

        def peer(framework, precision):
            return [sys.executable, PEER, model, other, framework, precision, "2", device, *maps]

        runs = {"PyTorch fp32, eager": peer("torch", "fp32"), "faintweb fp32, 1 x 2": ours(1, 2, "fp32"),
                "faintweb bf16, 1 x 2": ours(1, 2, "bf16"), "PyTorch bf16, channels-last": peer("torch", "bf16"),
                "faintweb fp32, 2 x 1": ours(2, 1, "fp32"), "faintweb bf16, 2 x 1": ours(2, 1, "bf16")}
        if importlib.util.find_spec("tensorflow"):
            runs["TensorFlow fp32"] = peer("tensorflow", "fp32")
            runs["TensorFlow mixed bf16"] = peer("tensorflow", "bf16")
        else:
            print("TensorFlow is not installed: no rows of it")
        rates = {name: [] for name in runs}
        scores = {}
        profiles = {}
        for round_number in range(n_rounds):
            for name, command in runs.items():
                output = run(command)
                is_ours = name.startswith("faintweb")
                if is_ours:
                    profiles[name] = output
                    seconds = sum(float(part) for part in re.findall(
                        r"(?:to begin|fields|maps|catalogue) ([0-9.]+)", output[output.index("seconds:"):].splitlines()[0]))
                else:
                    seconds = json.loads(output.splitlines()[-1])["seconds"]
                rates[name].append(n_fields / seconds)
                print(f"round {round_number + 1}: {name}: {rates[name][-1]:.2f} fields/s", file=sys.stderr)
                with h5py.File(catalogue if is_ours else other) as file:
                    scores[name] = np.asarray(file["score"]).ravel().astype(float)

    reference = scores["PyTorch fp32, eager"]
    print(processor())
    print(f"{n_fields} fields of 2000 x 2000, median of {n_rounds} rounds; the paper's: {PAPER}\n")
    print(f"{'':30}{'fields/s':>10}{'to eager':>10}{'decide otherwise':>18}{'|dp| 99.9 %':>13}{'largest':>10}")
    eager = rates["PyTorch fp32, eager"]
    for name, rate in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rate, eager))
        difference = np.abs(scores[name] - reference)
        otherwise = np.count_nonzero((scores[name] > 0.5) != (reference > 0.5))
        print(f"{name:30}{statistics.median(rate):10.2f}{ratio:10.2f}{otherwise:10} of {len(reference):<6}"
              f"{np.quantile(difference, 0.999):11.5f}{difference.max():10.5f}")
    print("\nratios at the same precision")
    for precision in ("fp32", "bf16"):
        theirs = [name for name in rates if precision in name and not name.startswith("faintweb")]
        for name in (f"faintweb {precision}, 1 x 2", f"faintweb {precision}, 2 x 1"):
            for peer_name in theirs:
                ratio = statistics.median(a / b for a, b in zip(rates[name], rates[peer_name]))
                print(f"{ratio:6.2f}  {name} / {peer_name}")
    for name, profile in profiles.items():
        print(f"\n{name}\n" + "\n".join(line for line in profile.splitlines() if not line.startswith("digest")))


if __name__ == "__main__":
    main(*sys.argv[1:])
