# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a page of the documentation names everything that is in a catalogue.

usage: documented.py FAINTWEB MODEL MAP PAGE
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

program, model, sky_map, page = sys.argv[1:]
words = Path(page).read_text()
missing = []


def look_at(name, item):
    path = "/" + name
    if isinstance(item, h5py.Dataset) and not path.endswith(".__table_column_meta__"):
        if f"| `{path}` |" not in words:
            missing.append(path)
        documented = words.partition(f"\n## Columns of {path}\n")[2].partition("\n## ")[0]
        for column in item.dtype.names or ():
            if column not in ("key", "value") and f"\n| {column} |" not in documented:
                missing.append(f"column {column} of {path}")
    for attribute in item.attrs:
        if f"| `{path.rstrip('/') or '/'} {attribute}` |" not in words:
            missing.append(f"attribute {attribute} of {path}")


with tempfile.TemporaryDirectory(prefix="faintweb_documented_") as folder:
    path = Path(folder) / "cat.h5"
    subprocess.run([program, "detect", "--model", model, "-o", path, sky_map], check=True)
    with h5py.File(path) as catalogue:
        look_at("", catalogue)
        catalogue.visititems(look_at)
if missing:
    sys.exit(f"{page} does not name: " + ", ".join(missing))
