# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recomputes the window hashes of a catalogue from its maps, as a user would.

usage: window_hash.py FAINTWEB MODEL: MODEL is one for maps of pixel 7.5" and beam 45". Maps of each kind of file
are classified; then the hash of every field is made anew from its map's file, and from one whose last pixel was
changed. Exit code 77: no xxhash.
"""

import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from astropy.io import fits

try:
    import xxhash
except ImportError as missing:
    print(f"skipped: {missing}; run jobs/setup.sh or set FAINTWEB_TEST_PYTHON")
    sys.exit(77)

ROWS, COLS = 220, 260
HEADER = fits.Header(
    dict(
        CTYPE1="RA---SIN", CTYPE2="DEC--SIN", CRPIX1=COLS / 2, CRPIX2=ROWS / 2, CRVAL1=150.0, CRVAL2=30.0,
        CDELT1=-7.5 / 3600, CDELT2=7.5 / 3600, BUNIT="Jy/beam", BMAJ=0.0125, BMIN=0.0125, BPA=0.0,
    )
)


def fields_that_differ(catalogue):
    """Runs the lines of docs/user/catalogue.md, which print path, field and whether the hash is the file's."""
    page = (pathlib.Path(__file__).parents[2] / "docs/user/catalogue.md").read_text()
    lines = next(block for block in page.split("```") if "xxh3_128_hexdigest" in block)
    lines = lines.removeprefix("python").replace("cat.h5", str(catalogue))
    printed = []
    exec(lines, {"print": lambda *words: printed.append(words)})
    return [(path, int(field)) for path, field, is_same in printed if not is_same], len(printed)


def write_maps(folder):
    noise = np.random.default_rng(5).normal(0, 4.5e-4, (ROWS, COLS)).astype("f4")
    noise[:30, :40] = np.nan
    scaled = dict(BSCALE=1e-6, BZERO=0.5, BLANK=-32768)
    counts = np.where(np.isnan(noise), -32768, np.round(noise / 1e-6)).astype("i2")
    hdus = {
        "float.fits": fits.PrimaryHDU(noise, HEADER),
        "float.fits.gz": fits.PrimaryHDU(noise, HEADER),
        "cube.fits": fits.PrimaryHDU(noise[None, None], HEADER),
        "double.fits": fits.PrimaryHDU(noise.astype("f8"), HEADER),
        "rice.fits": fits.CompImageHDU(noise, HEADER, compression_type="RICE_1", dither_seed=3),
    }
    for name, hdu in hdus.items():
        hdu.writeto(folder / name)
    short = fits.PrimaryHDU(counts, HEADER)
    short.writeto(folder / "short.fits")
    with fits.open(folder / "short.fits", mode="update", do_not_scale_image_data=True) as file:
        file[0].header.update(scaled)
    return [folder / name for name in [*hdus, "short.fits"]]


def main(program, model):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        maps = write_maps(folder)
        catalogue = folder / "catalogue.h5"
        command = [program, "detect", "--model", model, "-o", str(catalogue), "--set", "field_px=120", *map(str, maps)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"exit code {run.returncode}: {run.stderr[-2000:]}")
        differ, n_fields = fields_that_differ(catalogue)
        print(f"{n_fields} fields of {len(maps)} maps, of which {len(differ)} differ: {differ}")
        if differ or n_fields < 4 * len(maps):
            sys.exit("FAILED: wanted several fields a map, and none that differs")
        with fits.open(maps[0], mode="update") as file:
            file[0].data[-1, -1] += 1
        differ, _ = fields_that_differ(catalogue)
        if [path for path, _ in differ] != [str(maps[0])]:
            sys.exit(f"FAILED: a pixel was changed, and the fields that differ are {differ}")


main(sys.argv[1], sys.argv[2])
