# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens the table of a study with h5py and astropy, as a user would.

usage: study_reader.py STUDY_EXAMPLE_PROGRAM
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
from astropy.table import Table

PROGRAM = sys.argv.pop(1)


class StudyReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="faintweb_study_")
        cls.path = Path(cls.folder.name) / "sweep.h5"
        subprocess.run([PROGRAM, str(cls.path)], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_runs_are_as_they_were_written(self):
        table = Table.read(self.path, path="/runs")
        self.assertEqual(len(table), 2)
        self.assertEqual(table["run"].tolist(), ["deep_seed1", "deep_seed2"])
        self.assertEqual(table["set_up"].tolist(), ["deep", "deep"])
        self.assertEqual(table["variant"].tolist(), ["", ""])
        self.assertEqual(table["network"].tolist(), ["cosmodeep", "cosmodeep"])
        self.assertEqual(table["failure"].tolist(), ["", "η is too large"])
        self.assertEqual(table["test_id"].tolist(), [7, 7])
        self.assertEqual(table["min_pixels"].tolist(), [40, 40])
        self.assertEqual(table["flux_threshold_jy_arcsec2"].tolist(), [1e-7, 1e-7])
        self.assertEqual(table["learning_rate"].tolist(), [7e-5, 7e-5])
        self.assertEqual(table["batch_size"].tolist(), [100, 100])
        self.assertEqual(table["epochs"].tolist(), [50, 50])
        self.assertEqual(table["seed"].tolist(), [1, 2**64 - 1])
        self.assertEqual(table["n_parameters"].tolist(), [6575490, 6575490])
        self.assertEqual(table["mflop_per_tile"].tolist(), [28.75, 28.75])
        self.assertEqual(table["n_steps"].tolist(), [1000, 0])
        self.assertEqual(table["training_s"].tolist(), [1.5, 0.25])
        for name, total in zip(("1C", "1F", "0F", "0C", "0F_faint", "0F_beside", "1F_beside"),
                               (11, 4, 6, 8, 10, 12, 14)):
            self.assertEqual(table[name].tolist(), [total, 0], name)
        self.assertAlmostEqual(table["A_s"][0], 11 / 21)
        self.assertAlmostEqual(table["W_s"][0], 11 / 15)
        self.assertAlmostEqual(table["W_v"][0], 8 / 14)
        self.assertAlmostEqual(table["reliability"][0], 11 / 17)
        self.assertTrue(np.isnan(table["A_s"][1]))

    def test_fields_are_those_of_the_runs(self):
        with h5py.File(self.path) as f:
            self.assertEqual(f.attrs["format"], b"faintweb study")
            self.assertEqual(f.attrs["format_version"], 1)
            self.assertEqual(f["fields"].shape, (2, 2, 7))
            self.assertEqual(f["fields"][0].tolist(), [[1, 2, 3, 4, 5, 6, 7], [10, 2, 3, 4, 5, 6, 7]])
            self.assertTrue(np.all(f["fields"][1] == -1))
            columns = f["fields"].attrs["columns"].decode().split(",")
            for i, column in enumerate(columns):
                self.assertEqual(f["fields"][0, :, i].sum(), f["runs"][0][column])

    def test_an_empty_study_is_a_file_too(self):
        path = self.path.with_name("empty.h5")
        subprocess.run([PROGRAM, str(path), "empty"], check=True)
        with h5py.File(path) as f:
            self.assertEqual(f["runs"].shape, (0,))


if __name__ == "__main__":
    unittest.main()
