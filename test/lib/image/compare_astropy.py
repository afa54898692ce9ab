# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares lib/image with astropy: pixel values bit for bit, sky positions to 0.01 pixel.

usage: compare_astropy.py DUMP_MAP TEST_DATA_FOLDER
Real and hostile files are taken from $FAINTWEB_SHARED_DATA too. Exit code 77: nothing to compare with.
"""

import gzip
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    from astropy import units
    from astropy.coordinates import FK5, ICRS, SkyCoord
    from astropy.io import fits
    from astropy.units import brightness_temperature
    from astropy.wcs import WCS
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

try:
    import xxhash
except ImportError as error:
    print(f"hashes are not compared: {error}")
    xxhash = None

warnings.simplefilter("ignore")

MAX_OFFSET_PX = 0.01
# FK5 of another equinox is by definition tied to J2000 by the precession of IAU 1976 (which faintweb
# uses); astropy precesses with that of IAU 2006, which differs by up to 0.05" over decades.
MAX_PRECESSION_OFFSET_ARCSEC = 0.05
DUMP_MAP = sys.argv[1]
TEST_DATA = pathlib.Path(sys.argv[2])

n_checks = 0
failures = []


def expect(is_good, what):
    global n_checks
    n_checks += 1
    if not is_good:
        failures.append(what)
        print("FAILED", what)


def dump(path, *options):
    """Runs dump_map; returns its exit code and output lines."""
    done = subprocess.run(
        [DUMP_MAP, str(path), *map(str, options)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout.splitlines() + done.stderr.splitlines()


def astropy_plane(path, hdu):
    """The map's plane as astropy gives it, as float32, and its header."""
    with fits.open(path) as hdus:
        data = hdus[hdu].data
        header = hdus[hdu].header.copy()
        lengths = data.shape[::-1]
        celestial = WCS(header).celestial if "CTYPE1" in header else None
        plane = np.asarray(data, dtype=np.float32)
    kept = [length for length in lengths if length != 1]
    shape = lengths[1::-1] if len(kept) != 2 else kept[::-1]
    return plane.reshape(shape), header, celestial


def same(ours, theirs):
    """Equal bit for bit, but any NaN equals any NaN."""
    return np.array_equal(ours, theirs, equal_nan=True) and np.array_equal(
        np.signbit(ours) & ~np.isnan(ours), np.signbit(theirs) & ~np.isnan(theirs)
    )


def compare_values(path, hdu, options, folder):
    theirs, header, celestial = astropy_plane(path, hdu)
    rows, cols = theirs.shape
    windows = [
        (0, 0, cols, rows),
        (cols // 3, rows // 4, max(1, cols // 3), max(1, rows // 2)),
        (cols - 1, rows - 1, 1, 1),
        (-3, -2, cols // 2 + 4, rows // 2 + 3),
        (cols - 2, rows - 3, 7, 9),
        (cols + 5, 0, 2, 2),
    ]
    requests = []
    for n, window in enumerate(windows):
        requests += ["--window", ",".join(map(str, window)) + f",{folder}/window{n}.f32"]
    code, lines = dump(path, *options, *requests)
    expect(code == 0, f"{path}: refused: {lines}")
    if code != 0:
        return
    expect(lines[0].split()[1:4] == [str(hdu), str(cols), str(rows)], f"{path}: {lines[0]}")
    framed = np.full((rows + 40, cols + 40), np.nan, dtype=np.float32)
    framed[20 : rows + 20, 20 : cols + 20] = theirs
    for n, (x0, y0, n_cols, n_rows) in enumerate(windows):
        ours = np.fromfile(f"{folder}/window{n}.f32", dtype=np.float32).reshape(n_rows, n_cols)
        expect(
            same(ours, framed[y0 + 20 : y0 + 20 + n_rows, x0 + 20 : x0 + 20 + n_cols]),
            f"{path} {options}: window {windows[n]} differs from astropy",
        )
    if xxhash is not None:
        compare_hashes(path, hdu, options)


def compare_hashes(path, hdu, options):
    """The hash of a window, read alone and within a wider one, and that of the bytes that astropy gives."""
    with fits.open(path, do_not_scale_image_data=True) as hdus:
        data = hdus[hdu].data
        kept = [length for length in data.shape if length != 1]
        rows, cols = kept if len(kept) == 2 else data.shape[-2:]
        data = data.reshape(rows, cols)
        data = data.astype(data.dtype.newbyteorder(">"))
    requests = []
    theirs = []
    for x0, y0, n_cols, n_rows in (
        (0, 0, cols, rows),
        (cols // 3, rows // 4, max(1, cols // 3), max(1, rows // 2)),
        (cols - 1, rows - 1, 1, 1),
    ):
        requests += ["--hash", f"{x0},{y0},{n_cols},{n_rows}"]
        window = data[y0 : y0 + n_rows, x0 : x0 + n_cols]
        theirs += 2 * ["hash " + xxhash.xxh3_128_hexdigest(window.tobytes())]
    code, lines = dump(path, *options, *requests)
    ours = [line for line in lines if line.startswith("hash ")]
    expect(code == 0 and ours == theirs, f"{path} {options}: hashes {lines}, not {theirs}")


def j2000(celestial, x, y):
    """What astropy says of a pixel, in the frame that faintweb promises (FK5 J2000 = ICRS)."""
    position = celestial.pixel_to_world(x, y)
    if isinstance(position, SkyCoord) and position.frame.name in ("fk5", "fk4", "fk4noeterms"):
        position = position.transform_to(FK5(equinox="J2000"))
        return position.ra.deg, position.dec.deg
    position = position.transform_to(ICRS())
    return position.ra.deg, position.dec.deg


def respell(path, spelled):
    """Writes the values of cards as they are given."""
    raw = bytearray(path.read_bytes())
    for place in range(0, raw.index(b"END     ".ljust(80)), 80):
        key = raw[place : place + 8].decode().strip()
        if key in spelled:
            raw[place : place + 80] = f"{key:<8}= {spelled[key]}".ljust(80).encode()
    path.write_bytes(raw)


def compare_positions(path, hdu, options, spelled=None):
    """Positions of faintweb and astropy, which reads the cards before they are respelled."""
    theirs, header, celestial = astropy_plane(path, hdu)
    rows, cols = theirs.shape
    points = [(x, y) for x in (0, cols / 3, cols - 1) for y in (0.25, rows / 2, rows - 1)]
    expected = [j2000(celestial, x, y) for x, y in points]
    requests = []
    for (x, y), (ra, dec) in zip(points, expected):
        requests += ["--sky", f"{x!r},{y!r}"]
        if np.isfinite(ra):
            requests += ["--at", f"{float(ra)!r},{float(dec)!r}"]
    if spelled:
        respell(path, spelled)
    code, lines = dump(path, *options, *requests)
    expect(code == 0, f"{path}: refused: {lines}")
    if code != 0:
        return
    lines = [line for line in lines if line.startswith(("sky", "at"))]
    # The scale at the reference pixel is what "0.01 px" is measured in.
    scale_arcsec = np.sqrt(np.abs(np.linalg.det(celestial.pixel_scale_matrix))) * 3600
    max_offset_px = MAX_OFFSET_PX
    if celestial.wcs.radesys == "FK5" and celestial.wcs.equinox != 2000:
        max_offset_px = max(max_offset_px, MAX_PRECESSION_OFFSET_ARCSEC / scale_arcsec)
    for (x, y), (ra, dec) in zip(points, expected):
        sky = lines.pop(0)
        if not np.isfinite(ra):
            expect(sky == "sky none", f"{path}: pixel {x},{y} has no sky, but {sky}")
            continue
        at = lines.pop(0)
        expect("none" not in sky + at, f"{path}: {sky} {at} at pixel {x},{y}")
        expect(0 <= float(sky.split()[1]) < 360, f"{path}: {sky} is no right ascension")
        ours = SkyCoord(*map(float, sky.split()[1:]), unit="deg")
        offset_px = ours.separation(SkyCoord(ra, dec, unit="deg")).to_value(units.arcsec) / scale_arcsec
        expect(offset_px < max_offset_px, f"{path}: pixel {x},{y} is {offset_px} px off")
        back = np.hypot(*(np.array(at.split()[1:], dtype=float) - (x, y)))
        expect(back < max_offset_px, f"{path}: position of pixel {x},{y} comes back {back} px off")


def write_made_files(folder):
    """Files of every BITPIX, scale and compression that astropy can write."""
    random = np.random.default_rng(3)
    made = []

    def keep(name, hdus, hdu):
        path = folder / name
        fits.HDUList(hdus).writeto(path)
        made.append((path, hdu))
        packed = folder / (name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        made.append((packed, hdu))

    shape = (61, 83)
    for bits in (8, 16, 32, 64):
        dtype = np.dtype(f"int{bits}") if bits > 8 else np.dtype("uint8")
        span = np.iinfo(dtype)
        raw = random.integers(span.min, span.max, size=shape, dtype=dtype, endpoint=True)
        for scaled in ("plain", "scaled", "blank", "unsigned"):
            if scaled == "unsigned" and bits == 8:
                continue
            hdu = fits.PrimaryHDU(raw)
            if scaled == "unsigned":
                hdu = fits.PrimaryHDU(raw.astype(np.int64).view(np.uint64).astype(f"uint{bits}"))
            elif scaled != "plain":
                hdu.header["BSCALE"] = 0.0457777
                hdu.header["BZERO"] = -1500.125
            if scaled == "blank":
                hdu.header["BLANK"] = int(raw[7, 5])
            path = folder / f"int{bits}-{scaled}.fits"
            if scaled in ("scaled", "blank"):
                # astropy would apply the scale while writing: write the bytes.
                header = fits.Header(
                    [("SIMPLE", True), ("BITPIX", bits), ("NAXIS", 2), ("NAXIS1", shape[1]), ("NAXIS2", shape[0])]
                )
                for key in ("BSCALE", "BZERO", "BLANK"):
                    if key in hdu.header:
                        header[key] = hdu.header[key]
                data = raw.astype(dtype.newbyteorder(">")).tobytes()
                path.write_bytes(header.tostring().encode() + data + bytes(-len(data) % 2880))
                made.append((path, 0))
            else:
                keep(path.name, [hdu], 0)
    field = random.normal(size=shape)
    field[3:9, 4:60] = np.nan
    field[20, 20], field[21, 21], field[22, 22] = np.inf, -np.inf, -0.0
    for dtype in (np.float32, np.float64):
        name = np.dtype(dtype).name
        odd = field.astype(dtype)
        odd[30, 30], odd[31, 31] = np.finfo(dtype).tiny / 8, 1e38
        keep(f"{name}.fits", [fits.PrimaryHDU(odd)], 0)
        keep(f"{name}-extension.fits", [fits.PrimaryHDU(), fits.ImageHDU(odd)], 1)
        keep(f"{name}-4-axes.fits", [fits.PrimaryHDU(odd[None, None])], 0)
        keep(f"{name}-row.fits", [fits.PrimaryHDU(odd[5:6])], 0)
        smooth = np.where(np.isinf(field), 1, field).astype(dtype)
        for kind in ("RICE_1", "GZIP_1", "GZIP_2"):
            for method in (-1, 1, 2):
                for tile in ((1, 83), (16, 20), (61, 83)):
                    packed = fits.CompImageHDU(
                        smooth, compression_type=kind, tile_shape=tile, quantize_method=method, dither_seed=11
                    )
                    keep(f"{name}-{kind}-{method}-{tile[0]}.fits.fz", [fits.PrimaryHDU(), packed], 1)
        keep(
            f"{name}-lossless.fits.fz",
            [fits.PrimaryHDU(), fits.CompImageHDU(odd, compression_type="GZIP_2", quantize_level=0)],
            1,
        )
    for bits in (16, 32):
        raw = random.integers(-3000, 3000, size=shape).astype(f"int{bits}")
        for kind in ("RICE_1", "GZIP_1", "GZIP_2"):
            for tile in ((1, 83), (16, 20)):
                packed = fits.CompImageHDU(raw, compression_type=kind, tile_shape=tile)
                keep(f"int{bits}-{kind}-{tile[0]}.fits.fz", [fits.PrimaryHDU(), packed], 1)
    return made


def write_rotated_files(folder):
    """Maps with every way of writing a rotation, and other frames than ICRS."""
    made = []
    for projection in ("SIN", "TAN", "ARC", "ZEA", "STG", "NCP", "AIT", "CAR"):
        for kind in ("CD", "PC", "CROTA"):
            header = fits.Header()
            header["CTYPE1"] = f"RA---{projection}"
            header["CTYPE2"] = f"DEC--{projection}"
            header["CRPIX1"], header["CRPIX2"] = 30.5, 22.25
            header["CRVAL1"], header["CRVAL2"] = 211.5, 0.0 if projection in ("CAR", "AIT") else 37.5
            cos, sin = np.cos(np.radians(31)), np.sin(np.radians(31))
            if kind == "CD":
                for key, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), (-cos, sin, sin, cos)):
                    header[key] = value * 7.5 / 3600
            else:
                header["CDELT1"], header["CDELT2"] = -7.5 / 3600, 7.5 / 3600
                if kind == "CROTA":
                    header["CROTA2"] = 31.0
                else:
                    for key, value in zip(("PC1_1", "PC1_2", "PC2_1", "PC2_2"), (cos, -sin, sin, cos)):
                        header[key] = value
            path = folder / f"rotated-{projection}-{kind}.fits"
            fits.PrimaryHDU(np.zeros((50, 60), dtype=np.float32), header).writeto(path)
            made.append(path)
    for name, cards in {
        "fk4": {"RADESYS": "FK4", "EQUINOX": 1950.0},
        "fk4-no-e": {"RADESYS": "FK4-NO-E", "EQUINOX": 1950.0},
        "fk5-1975": {"RADESYS": "FK5", "EQUINOX": 1975.0},
        "icrs": {"RADESYS": "ICRS"},
        "epoch-1950": {"EPOCH": 1950.0},
    }.items():
        header = fits.Header(
            {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRPIX1": 30.5, "CRPIX2": 22.25, "CRVAL1": 211.5,
             "CRVAL2": -37.5, "CDELT1": -15 / 3600, "CDELT2": 15 / 3600, **cards}
        )  # fmt: skip
        path = folder / f"frame-{name}.fits"
        fits.PrimaryHDU(np.zeros((50, 60), dtype=np.float32), header).writeto(path)
        made.append(path)
    return made


def small_header(**cards):
    """A header of a small map; None leaves a card out."""
    base = {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRPIX1": 30.5, "CRPIX2": 22.25, "CRVAL1": 211.5,
            "CRVAL2": -37.5, "CDELT1": -15 / 3600, "CDELT2": 15 / 3600}  # fmt: skip
    return fits.Header({key: value for key, value in (base | cards).items() if value is not None})


def compare_spelled_positions(folder):
    """Headers whose numbers astropy's wcslib cannot all read: the right ones are written beside them."""
    zeros = np.zeros((50, 60), dtype=np.float32)
    cases = {
        "below-0": ({"CRVAL1": -148.5}, {}),
        "above-360": ({"CRVAL1": 571.5}, {}),
        "at-0": ({"CRVAL1": 0.0}, {}),
        "just-below-360": ({"CRVAL1": 359.99}, {}),
        "d-exponent": ({}, {"CRVAL1": "  2.115D+02", "CDELT2": "4.1666666666666666D-03", "CRPIX1": "3.05d1"}),
        "slant-sin": ({"PV2_1": 0.01, "PV2_2": -0.8}, {"PV2_1": "1.0D-02", "PV2_2": "-8.0D-01"}),
        "lonpole": ({"LONPOLE": 150.0, "LATPOLE": 10.0}, {"LONPOLE": "1.5D+02"}),
        "spectral-nan": ({"CTYPE3": "FREQ", "CRVAL3": 1.4e9}, {"CRVAL3": "NaN"}),
        "radians": (
            {"CUNIT1": "rad", "CUNIT2": "rad", **{key: np.radians(value) for key, value in (
                ("CRVAL1", 211.5), ("CRVAL2", -37.5), ("CDELT1", -15 / 3600), ("CDELT2", 15 / 3600))}},
            {},
        ),
    }  # fmt: skip
    for name, (cards, spelled) in cases.items():
        path = folder / f"spelled-{name}.fits"
        fits.PrimaryHDU(zeros, small_header(**cards)).writeto(path)
        compare_positions(path, 0, GIVEN, spelled)


def compare_units(folder):
    """Every unit that astropy writes, and others that it reads, turned into Jy/arcsec2."""
    zeros = np.zeros((5, 6), dtype=np.float32)
    beam = np.pi / (4 * np.log(2)) * 45 * 30 * units.arcsec**2
    spellings = [
        *("Jy/beam", "mJy/beam", "uJy/beam", "nJy/beam", "MJy/beam", "kJy/beam", "Jy/arcsec2", "mJy/arcsec2"),
        *("MJy/sr", "kJy/sr", "Jy/sr", "mJy/sr", "Jy/deg2", "uJy/arcmin2", "K", "mK", "uK", "Jy/rad2"),
        *("1e-3 Jy/beam", "1e-6 MJy/sr", "100 K"),
    ]
    for spelling in spellings:
        unit = units.Unit(spelling)
        expected = (1 * unit).to_value(
            units.Jy / units.arcsec**2,
            equivalencies=[*units.beam_angular_area(beam), *brightness_temperature(1.4 * units.GHz)],
        )
        written = unit.to_string("fits")
        texts = {spelling, written}
        if "10**" not in written:  # which stands in front
            texts.add(" ".join(reversed(written.split())))
        for text in sorted(texts):
            path = folder / "unit.fits"
            header = small_header(BUNIT=text, BMAJ=45 / 3600, BMIN=30 / 3600, BPA=0.0, RESTFRQ=1.4e9)
            fits.PrimaryHDU(zeros, header).writeto(path, overwrite=True)
            code, lines = dump(path)
            factor = float(lines[0].split()[8]) if code == 0 else 0
            expect(abs(factor / expected - 1) < 1e-10, f"BUNIT {text!r}: {factor}, not {expected}: {lines}")


def compare_written(path, folder):
    """A map read by faintweb, written by faintweb, read by astropy."""
    out = folder / "written.fits"
    code, lines = dump(path, "--write", out)
    expect(code == 0, f"{path}: {lines}")
    theirs, header, celestial = astropy_plane(path, 0)
    with fits.open(out) as hdus:
        hdus.verify("exception")
        written = hdus[0].header
        expect(same(hdus[0].data.astype(np.float32), theirs), f"{path}: written values differ")
        expect(written["BUNIT"] == "Jy/beam", f"{path}: BUNIT {written['BUNIT']}")
        expect(written["OBJECT"].startswith("it's"), f"{path}: OBJECT {written['OBJECT']}")
        beam = [line.split()[1:] for line in lines if line.startswith("beam")][0]
        expect(abs(written["BMAJ"] * 3600 - float(beam[0])) < 1e-9, f"{path}: BMAJ {written['BMAJ']}")
        expect("x" * 72 in str(written["HISTORY"]), f"{path}: HISTORY is not there")
        wcs = WCS(written)
        rows, cols = theirs.shape
        middle = wcs.pixel_to_world((cols - 1) / 2, (rows - 1) / 2)
        ra, dec = j2000(celestial, (cols - 1) / 2, (rows - 1) / 2)
        expect(middle.separation(SkyCoord(ra, dec, unit="deg")).arcsec < 1e-6, f"{path}: the middle moved")
        up = wcs.pixel_to_world((cols - 1) / 2, (rows - 1) / 2 + 1)
        scale = float(lines[0].split()[5])
        expect(abs(middle.separation(up).arcsec - scale) < 1e-4 * scale, f"{path}: pixel scale")


GIVEN = ["--beam", "45,45,0", "--unit", "jy/beam"]
MUST_READ = {
    "astropy-m13_rice.fits": (1, GIVEN),
    "astropy-m13_gzip.fits": (1, GIVEN),
    "astropy-scale.fits": (0, GIVEN),
    "astropy-compressed_with_nan.fits": (1, [*GIVEN, "--pixel", "7.5"]),
    "aegean-MultiHDU.fits": (0, []),
    "aegean-1904-66_SIN.lb.fits": (0, ["--unit", "jy/beam"]),
    "purify-M31_256.fits": (0, GIVEN),
    "aegean-small_5D.fits": (0, []),
    "vast-epoch-invalid.fits": (0, []),
    "aegean-WCS_edge.fits": (0, []),
    "clusterbuster-allnan.fits": (0, GIVEN),
}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made = write_made_files(folder)
        for path, hdu in made:
            compare_values(path, hdu, ["--beam", "20,20,0", "--unit", "jy/beam", "--pixel", "7.5"], folder)
        for path in write_rotated_files(folder):
            compare_positions(path, 0, GIVEN)
        compare_spelled_positions(folder)
        compare_units(folder)
        maps = sorted(path for path in TEST_DATA.glob("nvss-*.fits") if "diffuse" not in path.name)
        shared = pathlib.Path(os.environ.get("FAINTWEB_SHARED_DATA", TEST_DATA.parents[2] / "shared/data"))
        if shared.is_dir():
            maps += sorted(shared.glob("real/*.fits"))
            for file, (hdu, options) in MUST_READ.items():
                compare_values(shared / "hostile" / file, hdu, options, folder)
                if "--pixel" not in options:
                    compare_positions(shared / "hostile" / file, hdu, options)
            compare_values(shared / "hostile/aegean-MultiHDU.fits", 1, ["--hdu", "1"], folder)
            compare_values(shared / "large/nvss-montage-2880.fits.fz", 1, [], folder)
        else:
            print(f"note: {shared} is not there; real and hostile files were left out")
        expect(len(maps) > 0, "no maps to compare")
        for path in maps:
            # pybdsf-ref-ch0 has no BUNIT.
            options = ["--unit", "jy/beam"] if path.name.startswith("pybdsf") else []
            compare_values(path, 0, options, folder)
            compare_positions(path, 0, options)
        compare_written(maps[0], folder)
    print(f"{n_checks} checks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
