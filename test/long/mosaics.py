# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mosaics whose noise rises to the edge, or that are filled outside with something else than NaN.

mosaics.py FAINTWEB MODEL [N_MAPS]: MODEL is one for maps of pixel 7.5" and beam 45". Noise: N_MAPS round maps
(default 26, 8,164 tiles inside) without any source, with even noise and with noise that rises 2 and 9 times
to the edge; the rate of tiles called signal is compared. Outside: maps with blobs of which 5 to 90 % lie
outside, filled with NaN, 0 and 1e-14 times a pattern; the tiles called signal are compared. Exits with 1 if the
rate at 9 times is more than twice the even one by more than chance (one-sided, 5 %), or if more than
1 % of the tiles differ.
"""

import math
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from astropy.io import fits

EDGE = 800
RMS = 4.5e-4
y, x = np.mgrid[:EDGE, :EDGE]
radius = np.hypot(x - EDGE / 2, y - EDGE / 2)


def noise(seed):
    """Noise of the beam's correlation, [EDGE, EDGE], Jy/beam."""
    sigma_px = 6 / 2.3548
    u = np.fft.fftfreq(EDGE)[:, None] ** 2 + np.fft.rfftfreq(EDGE) ** 2
    white = np.random.default_rng(seed).normal(size=(EDGE, EDGE))
    field = np.fft.irfft2(np.fft.rfft2(white) * np.exp(-2 * (np.pi * sigma_px) ** 2 * u), s=(EDGE, EDGE))
    return field * (RMS / field.std())


def write(path, pixels):
    header = fits.Header(
        dict(
            CTYPE1="RA---SIN", CTYPE2="DEC--SIN", CRPIX1=EDGE / 2, CRPIX2=EDGE / 2, CRVAL1=150.0, CRVAL2=30.0,
            CDELT1=-7.5 / 3600, CDELT2=7.5 / 3600, BUNIT="Jy/beam", BMAJ=0.0125, BMIN=0.0125, BPA=0.0,
        )
    )
    fits.PrimaryHDU(pixels.astype(">f4"), header).writeto(path, overwrite=True)


def detect(program, model, folder, maps):
    """The fields of the catalogue, and (map, row, column) of the tiles called signal."""
    catalogue = folder / "catalogue.h5"
    catalogue.unlink(missing_ok=True)
    command = [program, "detect", "--model", model, "-o", str(catalogue), *map(str, maps)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"exit code {run.returncode}: {run.stderr[-2000:]}")
    with h5py.File(catalogue) as file:
        tiles = file["tiles"][:]
        return file["fields"][:], {(int(t["map"]), int(t["row"]), int(t["column"])) for t in tiles if t["detected"]}


def poisson_interval(n):
    """95 % interval of the mean of which n is a sample (Gehrels 1986, equations 9 and 12)."""
    if n == 0:
        return 0.0, 3.0
    upper = (n + 1) * (1 - 1 / (9 * (n + 1)) + 1.96 / (3 * math.sqrt(n + 1))) ** 3
    lower = n * (1 - 1 / (9 * n) - 1.96 / (3 * math.sqrt(n))) ** 3
    return max(lower, 0.0), upper


def chance_of_at_least(n, mean):
    """Of a Poisson variable."""
    term, below = math.exp(-mean), 0.0
    for k in range(n):
        below += term
        term *= mean / (k + 1)
    return 1 - below


def check_noise(program, model, folder, n_maps):
    n_false = {}
    for name, fwhm in (("even", 1e9), ("2 times", 800), ("9 times", 450)):
        maps = []
        for i in range(n_maps):
            maps.append(folder / f"noise_{i}.fits")
            write(maps[-1], np.where(radius < 398, noise(i) * np.exp(4 * np.log(2) * (radius / fwhm) ** 2), np.nan))
        fields, found = detect(program, model, folder, maps)
        n_tiles = int(fields["n_detected"].sum() + fields["n_empty"].sum())
        n_false[name] = len(found)
        low, high = poisson_interval(len(found))
        print(
            f"noise {name} at the edge: {len(found)} of {n_tiles} tiles called signal, "
            f"{100 * len(found) / n_tiles:.2f} % ({100 * low / n_tiles:.2f} to {100 * high / n_tiles:.2f})",
            flush=True,
        )
    allowed = 2 * max(1, n_false["even"])
    return n_false["9 times"] <= allowed or chance_of_at_least(n_false["9 times"], allowed) > 0.05


def check_outside(program, model, folder):
    is_good = True
    blobs = sum(
        3e-3 * np.exp(-((x - bx) ** 2 + (y - by) ** 2) / 2 / 14**2)
        for bx, by in ((380, 420), (400, 350), (450, 430), (420, 380), (300, 300), (500, 480))
    )
    for share in (5, 20, 35, 50, 65, 80, 90):
        inside = radius <= np.quantile(radius, 1 - share / 100)
        found = {}
        for name, fill in (("NaN", np.nan), ("0", 0.0), ("1e-14", 1e-14 * (1 + x % 7 + y % 3))):
            path = folder / "mosaic.fits"
            write(path, np.where(inside, noise(99) + blobs, fill))
            fields, found[name] = detect(program, model, folder, [path])
        n_tiles = int(fields["n_detected"].sum() + fields["n_empty"].sum())
        different = {name: len(found[name] ^ found["NaN"]) for name in ("0", "1e-14")}
        print(f"{share} % outside: {len(found['NaN'])} of {n_tiles} tiles with NaN; other tiles with {different}", flush=True)
        is_good = is_good and max(different.values()) <= max(1, n_tiles // 100)
    return is_good


if __name__ == "__main__":
    program, model = sys.argv[1:3]
    n_maps = int(sys.argv[3]) if len(sys.argv) > 3 else 26
    with tempfile.TemporaryDirectory() as folder:
        results = [
            check_noise(program, model, pathlib.Path(folder), n_maps),
            check_outside(program, model, pathlib.Path(folder)),
        ]
    sys.exit(0 if all(results) else 1)
