# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks what the telescope of skies.yaml made of a sky: python3 observed_sky.py FOLDER PLAIN QUIET NUMBER

FOLDER holds skies of a telescope with side lobes, without short baselines, with noise of a varying
rms and with point sources; PLAIN the same skies seen by one with none of this, QUIET by the first one without any noise.
"""

import csv
import sys

import numpy as np
from astropy.io import fits

NOISE_JY_BEAM = 3e-5
SIDELOBE_LEVEL = 0.05
SIDELOBE_RADIUS_BEAMS = 1.5


def read(folder, kind, number):
    return fits.getdata(f"{folder}/{kind}_{number:05}.fits").astype(float)


def expect(name, value, low, high):
    print(f"{name}: {value:.4g}, wanted {low:.4g} to {high:.4g}")
    assert low <= value <= high, name


def main(folder, plain, quiet, number):
    seen = read(folder, "noise", number)
    without = read(plain, "noise", number)
    sky = read(folder, "sky", number)
    rms = read(folder, "rms", number)
    header = fits.getheader(f"{folder}/noise_{number:05}.fits")
    pixel_arcsec = 3600 * abs(header["CDELT1"])
    beam_arcsec = 3600 * header["BMAJ"]
    beam_area_arcsec2 = np.pi / (4 * np.log(2)) * beam_arcsec**2
    noise_jy_arcsec2 = NOISE_JY_BEAM / beam_area_arcsec2
    with open(f"{folder}/point_sources_{number:05}.csv", encoding="ascii") as file:
        sources = np.array([[float(row[key]) for key in ("x_px", "y_px", "flux_jy")]
                            for row in csv.DictReader(file)])
    x_px, y_px, flux_jy = sources.T
    rows, cols = np.indices(seen.shape)
    # The peak of the beam on pixels, over that of a smooth Gaussian: it is the discrete Gaussian, whose
    # spectrum is exp(variance (cos k - 1)).
    variance = (beam_arcsec / pixel_arcsec) ** 2 / (8 * np.log(2))
    tap = np.mean(np.exp(variance * (np.cos(np.linspace(0, 2 * np.pi, 1000, endpoint=False)) - 1)))
    peak_jy_arcsec2 = flux_jy / beam_area_arcsec2 * tap**2 * 2 * np.pi * variance

    # Each bright source that stands alone is a beam's peak where it is listed, with a ring of negative side lobe.
    column = np.rint(x_px).astype(int)
    row = np.rint(y_px).astype(int)
    in_beams = pixel_arcsec / beam_arcsec
    peaks, rings, n_before = [], [], 0
    for i in np.flatnonzero(flux_jy > 100 * NOISE_JY_BEAM):
        distance_beams = np.hypot(x_px - x_px[i], y_px - y_px[i]) * in_beams
        distance_beams[i] = np.inf
        to_edge_px = min(column[i], row[i], seen.shape[1] - 1 - column[i], seen.shape[0] - 1 - row[i])
        if flux_jy[i] < 20 * flux_jy[distance_beams < 5].sum() or to_edge_px * in_beams < 5:
            continue  # another one is near, or its own image in the edge, where the sky is mirrored
        peaks.append(seen[row[i], column[i]] / peak_jy_arcsec2[i])
        around_beams = np.hypot(cols - column[i], rows - row[i]) * in_beams
        ring = np.abs(around_beams - SIDELOBE_RADIUS_BEAMS) < 0.25
        rings.append(np.mean(seen[ring]) * beam_area_arcsec2 / flux_jy[i])
        n_before += without[row[i], column[i]] > 0.5 * peak_jy_arcsec2[i]
    expect("sources that stand alone", len(peaks), 10, len(sources))
    expect("median peak / flux", np.median(peaks), 0.9, 1.05)
    expect("lowest peak / flux", min(peaks), 0.8, 1.05)
    expect("highest peak / flux", max(peaks), 0.9, 1.2)
    expect("side lobe / peak", np.median(rings), -1.3 * SIDELOBE_LEVEL, -0.7 * SIDELOBE_LEVEL)
    expect("such sources of a plain telescope", n_before, 0, 0)

    # Without the zero baseline there is no flux, with it all of the sky's.
    area_arcsec2 = pixel_arcsec**2
    listed_jy = flux_jy.sum() + sky.sum() * area_arcsec2
    noise_jy = 5 * noise_jy_arcsec2 * np.sqrt(seen.size * area_arcsec2 * 2 * beam_area_arcsec2)
    expect("flux of the map / flux of the sky", seen.sum() * area_arcsec2 / listed_jy, -0.02, 0.02)
    expect("flux seen by a plain telescope - sky", (without - sky).sum() * area_arcsec2, -noise_jy, noise_jy)

    # The noise has the rms that its map says, that of a plain telescope, on blank sky, one rms.
    noise = seen - read(quiet, "noise", number)
    is_blank = sky < 0.01 * noise_jy_arcsec2
    expect("blank share of the sky", is_blank.mean(), 0.3, 1)
    edges = np.quantile(rms, [0, 0.25, 0.5, 0.75, 1])
    expect("third over first quartile of the rms", edges[3] / edges[1], 1.2, 10)
    for low, high in zip(edges[:-1], edges[1:]):
        here = (rms >= low) & (rms <= high)
        expect("noise / rms map", np.std(noise[here] / rms[here]), 0.95, 1.05)
        expect("plain noise / its rms", np.std(without[here & is_blank]) / noise_jy_arcsec2, 0.9, 1.1)
    expect("median of the rms map / rms", np.median(rms) / noise_jy_arcsec2, 0.4, 2.5)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
