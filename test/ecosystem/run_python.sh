#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs a script in the Python that has the readers; 77 (skipped) where there is none.
python="${FAINTWEB_TEST_PYTHON:-${XDG_CACHE_HOME:-$HOME/.cache}/faintweb/test-venv/bin/python}"
if ! "$python" -c 'import astropy, h5py, numpy'; then
    echo "skipped: $python has no astropy, h5py and numpy; run jobs/setup.sh or set FAINTWEB_TEST_PYTHON"
    exit 77
fi
exec "$python" "$@"
