# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes of the bright islands of noiseless sky maps, and their signal tiles: one measure for every
simulator, so that two of them can be compared.

island_shapes.py MAP [MAP ...]

Any Python 3.9 with numpy and scipy; astropy too where a map is FITS. A map is Jy/arcsec2, either
the first image of a FITS file or the array `sky` of an .npz file.

Islands are pixels above 1e-7 Jy/arcsec2 that share edges; those of at least 40 pixels are measured:
  elongation  square root of the ratio of the second moments along the principal axes, every pixel a
              uniform square of weight 1 (1 for a disc or a square, L for a bar of L x 1);
  filling     area over the area of the convex hull of the corners of its pixels (1 for a rectangle,
              less for an arc).
An island that touches the edge of the map counts, but is not measured: the edge cut its shape. The
last line pools the islands of all maps; medians of maps are not averaged.

A tile is 40 x 40 pixels and signal if more than N_pix of them are brighter than F. Whole tiles from
the first pixel on; counts are per field of 2500 tiles (2000 x 2000 pixels).
"""
import sys

try:
    import numpy as np
    from scipy import ndimage
    from scipy.spatial import ConvexHull
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(77)

island_threshold = 1e-7  # Jy/arcsec2
min_island_px = 40
tile_px = 40
tiles_per_field = 2500
tile_thresholds = (1e-7, 0.75e-7, 0.5e-7, 0.1e-7)  # Jy/arcsec2
tile_min_pixels = (40, 9)


def read_map(path):
    """[rows, cols], Jy/arcsec2."""
    if path.endswith(".npz"):
        with np.load(path) as arrays:
            return arrays["sky"]
    from astropy.io import fits

    with fits.open(path) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None and hdu.data.ndim >= 2)
        sky = np.squeeze(hdu.data)
        return sky.astype(sky.dtype.newbyteorder("="))


def elongation(rows, cols):
    # A square of edge 1 has the moment 1/12 about its own middle.
    moments = np.cov(np.stack([rows, cols]), bias=True) + np.eye(2) / 12
    small, large = np.linalg.eigvalsh(moments)
    return np.sqrt(large / small)


def hull_filling(rows, cols):
    corners = np.concatenate(
        [np.stack([rows + i, cols + j], axis=1) for i in (0, 1) for j in (0, 1)]
    )
    hull = ConvexHull(np.unique(corners, axis=0))
    return len(rows) / hull.volume  # in 2-D the volume is the area


def island_shapes(sky):
    """All islands of at least min_island_px, and (elongation, filling) of those inside the edge."""
    labels, _ = ndimage.label(sky > island_threshold)
    n_islands = 0
    shapes = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        rows, cols = np.nonzero(labels[box] == number)
        if len(rows) < min_island_px:
            continue
        n_islands += 1
        inside = all(cut.start > 0 and cut.stop < n for cut, n in zip(box, sky.shape))
        if inside:
            shapes.append((elongation(rows, cols), hull_filling(rows, cols)))
    return n_islands, np.array(shapes).reshape(-1, 2)


def signal_tiles(sky, threshold, min_pixels):
    """Signal tiles per field of 2500 tiles."""
    n_rows, n_cols = (n // tile_px for n in sky.shape)
    bright = sky[: n_rows * tile_px, : n_cols * tile_px] > threshold
    pixels = bright.reshape(n_rows, tile_px, n_cols, tile_px).sum(axis=(1, 3))
    return np.sum(pixels > min_pixels) * tiles_per_field / (n_rows * n_cols)


def report(name, n_fields, n_islands, shapes, tiles):
    medians = np.median(shapes, axis=0) if len(shapes) else (np.nan, np.nan)
    print(f"{name}")
    print(
        f"  islands of >= {min_island_px} px above {island_threshold:g}: {n_islands}"
        f" ({n_islands / n_fields:.1f} a field), measured {len(shapes)}:"
        f" median elongation {medians[0]:.3f}, median filling {medians[1]:.3f}"
    )
    for min_pixels, counts in zip(tile_min_pixels, tiles):
        numbers = ", ".join(f"{count:.1f}" for count in counts)
        print(f"  tiles per field, N_pix {min_pixels} at 1, .75, .5, .1e-7: {numbers}")
    ratios = ", ".join(
        f"{few / many:.3f}" if many > 0 else "-" for many, few in zip(tiles[0], tiles[1])
    )
    print(f"  N9/N40 at 1, .75, .5, .1e-7: {ratios}")


def main(paths):
    if not paths:
        print(__doc__)
        return 2
    total_fields = 0.0
    total_islands = 0
    all_shapes = []
    all_tiles = []
    for path in paths:
        sky = read_map(path)
        if sky.ndim != 2 or min(sky.shape) < tile_px:
            print(f"{path} has shape {sky.shape} (a map is one image of {tile_px} pixels or more)")
            return 2
        n_fields = (sky.shape[0] // tile_px) * (sky.shape[1] // tile_px) / tiles_per_field
        n_islands, shapes = island_shapes(sky)
        tiles = np.array(
            [[signal_tiles(sky, f, n) for f in tile_thresholds] for n in tile_min_pixels]
        )
        report(path, n_fields, n_islands, shapes, tiles)
        total_fields += n_fields
        total_islands += n_islands
        all_shapes.append(shapes)
        all_tiles.append(tiles * n_fields)
    if len(paths) > 1:
        report(
            f"all {len(paths)} maps",
            total_fields,
            total_islands,
            np.concatenate(all_shapes),
            sum(all_tiles) / total_fields,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
