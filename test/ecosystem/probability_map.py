# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image of one pixel per tile against the catalogue that it was made from.

probability_map.py CATALOGUE.h5 IMAGE.fits COLUMN: the pixel of every tile of /tiles holds this column of it, those
of all tiles rise with their scores, and astropy.wcs puts the centre of a tile where the catalogue says, within
0.01 px of the map (but those that were moved to its edge).
"""
import sys

import h5py
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

with h5py.File(sys.argv[1]) as file:
    tiles = file["tiles"][:]
    field = file["fields"][0]
    scores = file["score"][:].reshape(field["n_tile_rows"], field["n_tile_cols"])
    pixel_deg = file["provenance/maps"][0]["pixel"] / 3600
with fits.open(sys.argv[2]) as hdus:
    image, wcs = hdus[0].data, WCS(hdus[0].header)
assert len(tiles) > 0
assert image.shape == (field["n_tile_rows"], field["n_tile_cols"]), image.shape
assert np.array_equal(image[tiles["row"], tiles["column"]], tiles[sys.argv[3]])
assert np.array_equal(np.isnan(image), scores < 0)
by_score = image[scores >= 0][np.argsort(scores[scores >= 0], kind="stable")]
assert np.all(np.diff(by_score) > -1e-6), np.diff(by_score).min()
ra, dec = wcs.all_pix2world(tiles["column"], tiles["row"], 0)
off_px = np.hypot((ra - tiles["ra"]) * np.cos(np.radians(dec)), dec - tiles["dec"]) / pixel_deg
is_moved = (tiles["flags"] & 64) != 0  # to the map's edge: the image has them at their nominal place
assert off_px[is_moved].max(initial=0) < 40 * 2**0.5, off_px[is_moved].max()
assert off_px[~is_moved].max() < 0.01, off_px[~is_moved].max()
print(f"{len(tiles)} tiles, at most {off_px[~is_moved].max():.1e} px off")
