# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens a catalogue and its exports with h5py and astropy, as a user would.

usage: catalogue_readers.py CATALOGUE_EXAMPLE_PROGRAM
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import astropy.units as u
import h5py
import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

PROGRAM = sys.argv.pop(1)
TABLES = ("tiles", "fields", "provenance/maps")


class CatalogueReaders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("error")
        cls.folder = Path(tempfile.mkdtemp(prefix="faintweb_ecosystem_"))
        subprocess.run([PROGRAM, "write", str(cls.folder)], check=True)
        cls.path = cls.folder / "cat.h5"
        cls.tiles = Table.read(cls.path, path="/tiles")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_h5py_reads_every_dataset(self):
        with h5py.File(self.path) as f:
            self.assertEqual(f.attrs["format"], b"faintweb catalogue")
            self.assertEqual(f.attrs["format_version"], 5)
            self.assertRegex(f.attrs["digest"].decode(), "^[0-9a-f]{64}$")
            names = []
            f.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            for name in names:
                f[name][()]
                self.assertNotEqual(f[name].dtype.kind, "O", f"{name} has a variable length")
                for column in f[name].dtype.names or ():
                    kind = f[name].dtype[column]
                    self.assertIn(kind.kind, "ifS", f"{name}: {column}")
                    if kind.kind == "f":
                        self.assertTrue(np.all(np.isfinite(f[name][column])), f"{name}: {column}")
            self.assertEqual(f["score"].dtype, np.float32)
            self.assertTrue(np.all(np.isfinite(f["score"][:])))
            self.assertEqual(f["tiles"].dtype["x"], np.float64)
            self.assertEqual(f["tiles"].dtype["score"], np.float32)
            self.assertEqual(f["tiles"].dtype["source_id"], np.int64)
            self.assertEqual(f["provenance/campaign"][()].decode(), "detect:\n  threshold: 0.7  # σ\n")
            self.assertEqual(f["provenance"].attrs["host"], b"node1")
            self.assertEqual(f["provenance"].attrs["model_sha256"], b"b" * 64)
            self.assertEqual(dict(f["provenance/settings"][:].tolist())[b"threshold"], b"0.7")
            self.assertEqual(f["provenance/maps"]["path"][0], b"/data/a.fits")
            self.assertEqual(f["provenance/maps"]["reason"][2], b"no beam in the header")

    def test_tables_join(self):
        with h5py.File(self.path) as f:
            tiles, fields, score = f["tiles"][:], f["fields"][:], f["score"][:]
        self.assertGreater(len(tiles), 50)
        owner = fields[tiles["field"]]
        np.testing.assert_array_equal(owner["field"], tiles["field"])
        np.testing.assert_array_equal(owner["map"], tiles["map"])
        index = owner["score_offset"] + tiles["row"] * owner["n_tile_cols"] + tiles["column"]
        np.testing.assert_array_equal(score[index], tiles["score"])
        np.testing.assert_array_equal(tiles["x"], owner["x0"] + 10 * tiles["column"] + 4.5)
        np.testing.assert_array_equal(tiles["y"], owner["y0"] + 10 * tiles["row"] + 4.5)
        n_tiles = fields["n_tile_rows"] * fields["n_tile_cols"]
        ended = sum(fields[name] for name in ("n_detected", "n_empty", "n_blank", "n_failed"))
        np.testing.assert_array_equal(ended, n_tiles)
        self.assertEqual(n_tiles.sum(), len(score))
        self.assertEqual(sorted(set(fields["status"])), [0, 1, 2])

    def test_astropy_shows_units_and_descriptions(self):
        for name in TABLES:
            table = Table.read(self.path, path="/" + name)
            for column in table.columns.values():
                self.assertTrue(column.description, f"{name}: {column.name}")
                self.assertFalse(isinstance(column.unit, u.UnrecognizedUnit), f"{name}: {column.name}")
        self.assertEqual(self.tiles["ra"].unit, u.deg)
        self.assertEqual(self.tiles["x"].unit, u.pix)
        self.assertEqual(self.tiles["flux"].unit, u.Jy)
        self.assertEqual(self.tiles["peak"].unit, u.Jy / u.arcsec**2)
        self.assertIn("right ascension", self.tiles["ra"].description)

    def test_positions_agree_with_astropy(self):
        with h5py.File(self.path) as f:
            m = f["provenance/maps"][0]
            cards = f["provenance/headers"][m["first_header_card"] :][: m["n_header_cards"]]
        header = fits.Header.fromstring(b"".join(card.ljust(80) for card in cards))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(header)
        on_map = self.tiles[self.tiles["map"] == 0]
        self.assertGreater(len(on_map), 10)
        x, y = wcs.all_world2pix(on_map["ra"], on_map["dec"], 0)
        np.testing.assert_allclose(x, on_map["x"], atol=0.01)
        np.testing.assert_allclose(y, on_map["y"], atol=0.01)
        elsewhere = self.tiles[self.tiles["map"] == 1]
        self.assertTrue(np.all(elsewhere["ra"] == -999))
        self.assertTrue(np.all(elsewhere["flags"] & 4 == 4))

        corners = []
        for line in (self.folder / "sky.reg").read_text().splitlines():
            if line.startswith("polygon"):
                numbers = re.match(r"polygon\((.*)\) # color=\w+ text=\{.*\} tag=\{/data/a.fits\}$", line)[1]
                corners.append(np.array(numbers.split(","), float).reshape(4, 2))
        self.assertEqual(len(corners), len(on_map))
        for outline, tile in zip(corners, on_map):
            x, y = wcs.all_world2pix(outline[:, 0], outline[:, 1], 0)
            np.testing.assert_allclose(x, tile["x"] + np.array([-5, 5, 5, -5]), atol=0.01)
            np.testing.assert_allclose(y, tile["y"] + np.array([-5, -5, 5, 5]), atol=0.01)

    def test_exports_hold_the_same_table(self):
        with fits.open(self.folder / "tiles.fits") as hdus:
            hdus.verify("exception")
            header = hdus["TILES"].header
            with h5py.File(self.path) as f:
                self.assertEqual(header["DIGEST"], f.attrs["digest"].decode())
            for i, name in enumerate(self.tiles.colnames, start=1):
                self.assertEqual(header[f"TTYPE{i}"], name)
                self.assertEqual(header[f"TCOMM{i}"], self.tiles[name].description)
        with h5py.File(self.path) as f:
            paths = [path.decode() for path in f["provenance/maps"]["path"]]
        from_fits = Table.read(self.folder / "tiles.fits")
        from_csv = Table.read(self.folder / "tiles.csv", format="ascii.csv")
        for export in (from_fits, from_csv):
            self.assertEqual(export.colnames, [*self.tiles.colnames, "map_name"])
            np.testing.assert_array_equal(export["map_name"], [paths[i] for i in self.tiles["map"]])
            for name in self.tiles.colnames:
                # Text of a float32 reads as the float64 nearest to it: back to float32 it is the same.
                values = np.asarray(export[name]).astype(self.tiles[name].dtype)
                np.testing.assert_array_equal(values, self.tiles[name], name)
        for name in self.tiles.colnames:
            self.assertEqual(from_fits[name].unit, self.tiles[name].unit, name)
            self.assertEqual(from_fits[name].dtype.newbyteorder("="), self.tiles[name].dtype, name)

    def read_with_faintweb(self, path):
        done = subprocess.run([PROGRAM, "read", str(path)], capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_our_reader_refuses_what_it_does_not_know(self):
        other = self.folder / "other.h5"

        def change(edit):
            shutil.copy(self.path, other)
            with h5py.File(other, "r+") as f:
                edit(f)
            return self.read_with_faintweb(other)

        self.assertEqual(change(lambda f: None)[0], 0)
        code, message = change(lambda f: f.attrs.modify("format_version", 99))
        self.assertEqual(code, 2)
        self.assertIn("catalogue format 99, this program reads 5", message)
        for name in ("tiles", "fields", "score", "provenance/maps", "provenance/settings"):
            code, message = change(lambda f: f.__delitem__(name))
            self.assertEqual(code, 2)
            self.assertIn(f"{name} is missing", message)
        code, message = change(lambda f: f["fields"].__setitem__((0, "map"), 77))
        self.assertEqual(code, 2)
        self.assertIn("points outside", message)

        def without_column(f):
            rows = f["tiles"][:]
            del f["tiles"]
            f["tiles"] = rows[[name for name in rows.dtype.names if name != "ra"]].copy()

        code, message = change(without_column)
        self.assertEqual(code, 2)
        self.assertIn("/tiles has no column ra", message)

        with h5py.File(other, "w") as f:
            f["tiles"] = np.zeros(3)
        code, message = self.read_with_faintweb(other)
        self.assertEqual(code, 2)
        self.assertIn("no catalogue of faintweb", message)


if __name__ == "__main__":
    unittest.main()
