# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives faintweb gridded snapshots as yt 4 lays them out, written with h5py.

The layout is that of covering_grid(...).save_as_dataset(...): yt/frontends/ytdata/utilities.py and
yt/data_objects/data_containers.py of yt 4.

usage: yt_snapshot.py SNAPSHOT_EXAMPLE_PROGRAM
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

PROGRAM = sys.argv.pop(1)
N = 8
Z = 0.25
MEAN = 0.0478 * 1.87834e-29 * 0.678**2 * (1 + Z) ** 3  # of baryons, g/cm3


def write_covering_grid(path, float_type):
    """An Enzo box of 64 Mpc/h: root grid of 4 cells, covering grid at level 1."""
    cells = np.arange(N**3, dtype=float).reshape(N, N, N)
    fields = {
        "density": (MEAN * (1 + cells) / (1 + cells).mean(), "g/cm**3"),
        "temperature": (1e4 + cells, "K"),
        "velocity_x": (1e5 * cells, "cm/s"),
        "velocity_y": (-2e5 * cells, "cm/s"),
        "velocity_z": (0 * cells, "cm/s"),
        "magnetic_field_x": (3e-9 * cells, "G"),
        "magnetic_field_y": (4e-9 * cells, "G"),
        "magnetic_field_z": (0 * cells, "G"),
        "x": ((cells // N**2 + 0.5) / N, "code_length"),
    }
    attributes = {
        "dimensionality": 3, "domain_left_edge": np.zeros(3), "domain_left_edge_units": "code_length",
        "domain_right_edge": np.ones(3), "domain_right_edge_units": "code_length", "current_redshift": Z,
        "current_time": 650.0, "current_time_units": "code_time", "domain_dimensions": np.array([4, 4, 4]),
        "geometry": "cartesian", "periodicity": np.array([True, True, True]), "cosmological_simulation": 1,
        "omega_lambda": 0.692, "omega_matter": 0.308, "hubble_constant": 0.678,
        "length_unit": 64.0, "length_unit_units": "Mpccm/h", "level": 1, "left_edge": np.zeros(3),
        "left_edge_units": "code_length", "ActiveDimensions": np.array([N, N, N]),
        "con_args": "('level', 'left_edge', 'ActiveDimensions')", "data_type": "yt_data_container",
        "container_type": "covering_grid",
    }
    with h5py.File(path, "w") as f:
        f.attrs.update(attributes)
        for name, (values, units) in fields.items():
            f.create_dataset("grid/" + name, data=values.astype(float_type)).attrs["units"] = units
        f["grid"].attrs["num_elements"] = N**3


class YtSnapshot(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="faintweb_yt_")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "snapshot.h5"

    def run_program(self):
        return subprocess.run([PROGRAM, self.path], capture_output=True, text=True)

    def test_covering_grid_is_read(self):
        for float_type in ("f4", "f8"):
            write_covering_grid(self.path, float_type)
            result = self.run_program()
            self.assertEqual(result.returncode, 0, result.stderr)
            cell = (1 * N + 2) * N + 3
            np.testing.assert_allclose(
                [float(word) for word in result.stdout.split()],
                [N, 64 / 0.678, Z, 2 * (1 + cell) / (1 + N**3), 1e4 + cell, cell, -2 * cell, 0, 5e-3 * cell], rtol=1e-3)

    def test_errors_are_one_line(self):
        write_covering_grid(self.path, "f4")
        with h5py.File(self.path, "r+") as f:
            f["grid/density"].attrs["units"] = "code_density"
        result = self.run_program()
        self.assertEqual(result.returncode, 2)
        self.assertIn("code_density", result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
