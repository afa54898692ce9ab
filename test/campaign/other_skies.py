# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes snapshots and sky maps of other people for other_skies.sh, and judges the skies made from them.

usage: other_skies.py make | twin | judge OUT_OF_SNAPSHOTS OUT_OF_MAPS | holes OUT_OF_A_MAP
"""

import os
import sys

import h5py
import numpy as np
from astropy.io import fits

N, EDGE_MPC, SHOCK_MPC = 48, 40.0, 8.0
PIXEL, BEAM, NOISE = 60.0, 90.0, 1e-5  # arcsec, arcsec, Jy/beam


def write_snapshot(path, centre_mpc, z=0.1, omega_matter=0.308, edge_mpc=EDGE_MPC, without=()):
    """A cluster of 1e15 Msun with an accretion shock of 8 Mpc around it, as yt writes a covering grid."""
    mean = 0.0478 * 1.87834e-29 * 0.678**2 * (1 + z) ** 3  # of baryons, g/cm3
    axis = np.arange(N) * EDGE_MPC / N
    away = [(axis - c + EDGE_MPC / 2) % EDGE_MPC - EDGE_MPC / 2 for c in centre_mpc]
    place = np.stack(np.meshgrid(*away, indexing="ij"))
    r = np.maximum(np.sqrt((place**2).sum(axis=0)), 1e-3)
    is_inside = r < SHOCK_MPC
    density = np.where(is_inside, 1.5 + 3000 / (1 + (r / 0.8) ** 2) ** 1.5, 0.4)  # of mean 1
    speed = np.where(is_inside, 0.0, 2500 * (SHOCK_MPC / r) ** 2)  # km/s; keeps the mass of a shell
    fields = {"density": (mean * density, "g/cm**3"), "temperature": (np.where(is_inside, 5e7, 3e6), "K")}
    for name, part in zip("xyz", place):
        fields["velocity_" + name] = (-1e5 * speed * part / r, "cm/s")
    with h5py.File(path, "w") as f:
        f.attrs.update({
            "domain_left_edge": np.zeros(3), "domain_left_edge_units": "code_length", "domain_right_edge": np.ones(3),
            "length_unit": edge_mpc * 0.678, "length_unit_units": "Mpccm/h", "current_redshift": z,
            "omega_matter": omega_matter, "hubble_constant": 0.678, "domain_dimensions": np.full(3, N), "level": 0})
        for name, (cells, unit) in fields.items():
            if name not in without:
                f.create_dataset("grid/" + name, data=cells.astype("f4")).attrs["units"] = unit


def write_map(path, unit, pixel=PIXEL, beam=None, peak=3e-8):
    """Two blobs of 3 pixels rms and a faint background on 200 x 150 pixels, Jy/arcsec2."""
    y, x = np.mgrid[:150, :200]
    sky = 1e-9 + sum(peak * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 18) for a, b in ((60, 40), (150, 110)))
    header = fits.Header({"CTYPE1": "RA---SIN", "CRPIX1": 100.0, "CRVAL1": 40.0, "CDELT1": -pixel / 3600,
                          "CTYPE2": "DEC--SIN", "CRPIX2": 75.0, "CRVAL2": 10.0, "CDELT2": pixel / 3600,
                          "BUNIT": unit, "RESTFRQ": 1.4e9})
    if beam:
        header.update({"BMAJ": beam / 3600, "BMIN": beam / 3600, "BPA": 0.0})
        sky = sky * np.pi / (4 * np.log(2)) * beam**2
    fits.writeto(path, sky.astype("f4"), header, overwrite=True)


def make():
    write_snapshot("train.h5", (12, 25, 31))
    write_snapshot("test.h5", (30, 8, 20))
    write_snapshot("blind.h5", (12, 25, 31), without=["temperature"])
    write_snapshot("other.h5", (12, 25, 31), omega_matter=0.27)
    write_snapshot("early.h5", (12, 25, 31), z=0.9)
    write_snapshot("later.h5", (12, 25, 31), z=0.15)
    write_snapshot("small.h5", (12, 25, 31), edge_mpc=30)
    write_snapshot("void.h5", (12, 25, 31))
    with h5py.File("void.h5", "r+") as f:
        f["grid/density"][3, 4, 5] = 0
    write_snapshot("shy.h5", (12, 25, 31))
    with h5py.File("shy.h5", "r+") as f:
        del f.attrs["hubble_constant"]
    write_snapshot("heavy.h5", (12, 25, 31))
    with h5py.File("heavy.h5", "r+") as f:
        f["grid/density"].attrs["units"] = "kg/m**3"
    write_map("sky.fits", "Jy/arcsec2")
    write_map("sky_beam.fits", "Jy/beam", beam=120.0)
    write_map("test_sky.fits", "Jy/arcsec2", peak=2e-8)
    write_map("empty.fits", "Jy/arcsec2")
    write_map("holes.fits", "Jy/arcsec2")
    for path, hole in ("empty.fits", np.s_[:, :]), ("holes.fits", np.s_[60:80, 100:120]):
        with fits.open(path, mode="update") as f:
            f[0].data[hole] = np.nan
    write_map("fine.fits", "Jy/arcsec2", pixel=20.0)
    write_map("beamless.fits", "Jy/beam")


def twin():
    """Changes the last field of test.h5, but neither its size nor its time."""
    before = os.stat("test.h5")
    with h5py.File("test.h5", "r+") as f:
        f["grid/velocity_z"][...] = -f["grid/velocity_z"][...]
    os.utime("test.h5", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = os.stat("test.h5")
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def read(path):
    return fits.getdata(path).astype(float)


def judge_noise(folder):
    """The noise image is the sky seen by the beam, plus noise of the rms asked for."""
    sky, noise = (read(f"{folder}/{kind}_00000.fits") for kind in ("sky", "noise"))
    sigma = BEAM / PIXEL / np.sqrt(8 * np.log(2))
    taps = np.exp(-np.arange(-8, 9) ** 2 / (2 * sigma**2))
    taps /= taps.sum()
    seen = np.pad(sky, 8, mode="symmetric")
    for a in (0, 1):
        seen = np.apply_along_axis(np.convolve, a, seen, taps, mode="valid")
    rms = NOISE / (np.pi / (4 * np.log(2)) * BEAM**2)
    np.testing.assert_allclose(np.std(noise - seen), rms, rtol=0.03)


def judge_snapshots(out):
    for kind in ("train", "test"):
        folder = f"{out}/skies/{kind}"
        sky, inside, outside = (read(f"{folder}/{name}_00000.fits") for name in ("sky", "inside_r100", "outside_r100"))
        slabs = [read(f"{folder}/slab_{s}_emission_00000.fits") for s in range(3)]
        np.testing.assert_allclose(sum(slabs), sky, rtol=1e-4, atol=1e-6 * sky.max())
        np.testing.assert_allclose(inside + outside, sky, rtol=1e-4, atol=1e-6 * sky.max())
        # The only shock is that of accretion, far outside R100.
        assert sky.max() > 0 and inside.sum() < 1e-3 * outside.sum(), (inside.sum(), outside.sum())
        haloes = np.genfromtxt(f"{folder}/haloes_00000.csv", delimiter=",", names=True)
        for s, slab in enumerate(slabs):
            seen = haloes[haloes["slab"] == s]
            assert len(seen) > 0 and np.all((seen["m200m_msun"] > 5e14) & (seen["m200m_msun"] < 2e15)), seen
            # The shell is bright at its limb, around every copy of the cluster.
            radius_px = SHOCK_MPC * seen["r100_arcsec"][0] / (seen["r100_mpc"][0] * (1 + seen["z"][0])) / PIXEL
            y, x = np.mgrid[: slab.shape[0], : slab.shape[1]]
            away = np.hypot(x[..., None] - seen["x_px"], y[..., None] - seen["y_px"]).min(axis=-1) / radius_px
            limb, middle, beyond = (slab[(away > a) & (away < b)].mean() for a, b in ((0.85, 1), (0, 0.4), (1.3, 2)))
            assert limb > 1.4 * middle and beyond < 0.02 * limb, (limb, middle, beyond)
            column = read(f"{folder}/slab_{s}_column_density_00000.fits")
            peak = np.unravel_index(column.argmax(), column.shape)
            assert np.hypot(seen["x_px"] - peak[1], seen["y_px"] - peak[0]).min() < 5, (peak, seen)
            assert abs(column.mean() - 1) < 0.3, column.mean()
        judge_noise(folder)
    first, second = (np.sort(read(f"{out}/skies/{kind}/sky_00000.fits").ravel()) for kind in ("train", "test"))
    assert np.any(first != second)


def judge_maps(out):
    factor = np.pi / (4 * np.log(2)) * 120.0**2
    for kind, number, path, per in (("train", 0, "sky.fits", 1), ("train", 1, "sky_beam.fits", factor),
                                    ("train", 2, "sky.fits", 1), ("test", 0, "test_sky.fits", 1)):
        name = f"{out}/skies/{kind}/sky_{number:05}.fits"
        np.testing.assert_allclose(read(name), read(path) / per, rtol=1e-5)
        header = fits.getheader(name)
        assert header["BUNIT"] == "Jy/arcsec2" and header["CTYPE1"] == "RA---SIN" and header["CRVAL1"] == 40, header
        haloes = open(f"{out}/skies/{kind}/haloes_{number:05}.csv").read()
        assert haloes.startswith("x_px,") and haloes.count("\n") == 1, haloes
    # Shown again, a sky has other noise.
    assert np.any(read(f"{out}/skies/train/noise_00000.fits") != read(f"{out}/skies/train/noise_00002.fits"))
    judge_noise(f"{out}/skies/train")
    judge_noise(f"{out}/skies/test")


def judge_holes(out):
    """What is blank in a map is blank in its noise image, and no more."""
    sky, noise = (read(f"{out}/skies/test/{kind}_00000.fits") for kind in ("sky", "noise"))
    assert np.isnan(sky).sum() == 400 and np.all(np.isnan(sky) == np.isnan(noise)), np.isnan(noise).sum()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make()
    elif sys.argv[1] == "twin":
        twin()
    elif sys.argv[1] == "holes":
        judge_holes(sys.argv[2])
    else:
        judge_snapshots(sys.argv[2])
        judge_maps(sys.argv[3])
