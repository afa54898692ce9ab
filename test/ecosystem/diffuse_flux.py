# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of the known diffuse emission of a real field lies in detected tiles, and how many tiles
without any known emission are called signal.

diffuse_flux.py CATALOGUE.h5 MAP DIFFUSE SUBTRACTED [MIN_FLUX_FRACTION MAX_FALSE_FRACTION]

A tile is empty if no pixel of it belongs to a relic (DIFFUSE), none to a subtracted compact source
(SUBTRACTED), and none of the map reaches five times the rms of the survey, 0.45 mJy/beam (Condon et al.
1998): the usual limit above which a peak counts as a source.
"""
import sys

try:
    import h5py
    import numpy as np
    from astropy.io import fits
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(77)

source_limit_jy_beam = 5 * 4.5e-4


def tile_windows(shape, tile_px):
    """Row, column and pixels of each tile; the last of a row or column ends at the edge."""
    firsts = [[min(i, max(0, n - tile_px)) for i in range(0, n, tile_px)] for n in shape]
    for row, y in enumerate(firsts[0]):
        for column, x in enumerate(firsts[1]):
            yield row, column, (slice(y, y + tile_px), slice(x, x + tile_px))


def tile_any(mask, tile_px):
    """[rows, cols] of booleans -> one boolean per tile."""
    tiles = np.zeros([-(-n // tile_px) for n in mask.shape], bool)
    for row, column, pixels in tile_windows(mask.shape, tile_px):
        tiles[row, column] = mask[pixels].any()
    return tiles


def main():
    catalogue, map_path, diffuse_path, subtracted_path = sys.argv[1:5]
    data, diffuse, subtracted = (fits.getdata(path).squeeze() for path in (map_path, diffuse_path, subtracted_path))
    with h5py.File(catalogue) as file:
        tiles = file["tiles"][:]
        field = file["fields"][0]
        scores = file["score"][:].reshape(field["n_tile_rows"], field["n_tile_cols"])
    tile_px = int(field["tile_px"])
    detected = np.zeros(scores.shape, bool)
    for tile in tiles[tiles["detected"] == 1]:
        detected[tile["row"], tile["column"]] = True

    by_pixel = np.zeros(data.shape, bool)
    for row, column, pixels in tile_windows(data.shape, tile_px):
        by_pixel[pixels] |= detected[row, column]
    flux_fraction = diffuse[by_pixel].sum() / diffuse.sum()
    occupied = tile_any(diffuse != 0, tile_px) | tile_any(subtracted != 0, tile_px)
    occupied |= tile_any(np.nan_to_num(data) > source_limit_jy_beam, tile_px)
    empty = ~occupied & (scores >= 0)
    n_false = int((empty & detected).sum())
    print(f"{map_path.rsplit('/', 1)[-1]}: {100 * flux_fraction:.1f} % of the diffuse flux in {detected.sum()} detected tiles; "
          f"{n_false} of {empty.sum()} empty tiles called signal ({100 * n_false / max(1, empty.sum()):.1f} %)")
    if len(sys.argv) > 5:
        least, most = float(sys.argv[5]), float(sys.argv[6])
        if flux_fraction < least or n_false > most * empty.sum():
            sys.exit(f"FAILED: wanted at least {least} of the flux and at most {most} of the empty tiles")


main()
