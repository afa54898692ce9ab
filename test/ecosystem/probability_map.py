"""The probability image of a map against the catalogue that it was made from.

probability_map.py CATALOGUE.h5 PROBABILITY.fits: the pixel of every tile of /tiles holds its score, and
astropy.wcs puts its centre where the catalogue says, within 0.01 px of the map.
"""
import sys

import h5py
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

with h5py.File(sys.argv[1]) as file:
    tiles = file["tiles"][:]
    field = file["fields"][0]
    pixel_deg = file["provenance/maps"][0]["pixel"] / 3600
with fits.open(sys.argv[2]) as hdus:
    image, wcs = hdus[0].data, WCS(hdus[0].header)
assert len(tiles) > 0
assert image.shape == (field["n_tile_rows"], field["n_tile_cols"]), image.shape
assert np.array_equal(image[tiles["row"], tiles["column"]], tiles["score"])
ra, dec = wcs.all_pix2world(tiles["column"], tiles["row"], 0)
off_px = np.hypot((ra - tiles["ra"]) * np.cos(np.radians(dec)), dec - tiles["dec"]) / pixel_deg
assert off_px.max() < 0.01, off_px.max()
print(f"{len(tiles)} tiles, at most {off_px.max():.1e} px off")
