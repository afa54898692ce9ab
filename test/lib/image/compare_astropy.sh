#!/bin/sh
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs compare_astropy.py with the Python of the tests; 77 (skipped) where there is none.
python=${FAINTWEB_TEST_PYTHON:-$HOME/.cache/faintweb/test-venv/bin/python}
if ! [ -x "$python" ]; then
    echo "skipped: no $python (set FAINTWEB_TEST_PYTHON)"
    exit 77
fi
exec "$python" "$(dirname "$0")/compare_astropy.py" "$@"
