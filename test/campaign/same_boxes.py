# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that folders of boxes hold the same: python3 same_boxes.py FOLDER OTHER...

HDF5 notes the time of writing, so that equal files differ in some bytes.
"""

import os
import sys

import h5py
import numpy as np


def contents(path):
    """{name: (type, value) or attributes} of all that a file holds."""
    found = {}
    with h5py.File(path, "r") as file:
        def add(name, node):
            for key, value in node.attrs.items():
                found[name, key] = np.asarray(value)
            if isinstance(node, h5py.Dataset):
                found[name, None] = node[...]
        add("/", file)
        file.visititems(add)
    return found


def main(folder, others):
    names = sorted(os.listdir(folder))
    assert names, f"{folder} is empty"
    for name in names:
        wanted = contents(os.path.join(folder, name))
        assert any(key is None and value.size > 1000 for (_, key), value in wanted.items()), name
        for other in others:
            assert sorted(os.listdir(other)) == names, f"other files in {other} than in {folder}"
            found = contents(os.path.join(other, name))
            assert found.keys() == wanted.keys(), f"{other}/{name}: other datasets or attributes"
            for key, value in wanted.items():
                same = value.dtype == found[key].dtype and np.array_equal(value, found[key])
                assert same, f"{other}/{name}: {key} differs from {folder}"
    print(f"{len(names)} boxes are the same in {1 + len(others)} folders")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
