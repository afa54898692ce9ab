#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# detect_maps.sh FOLDER: makes anew the maps of detect_faults.sh and the catalogue of a run that nothing befell.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
# shellcheck source=test/campaign/detect_runs.sh
source "$(dirname "${BASH_SOURCE[0]}")/detect_runs.sh"
rm -rf "$1"
make_maps 760 360
undisturbed
mkdir -p "$1"
mv m?.fits one.fits whole whole.log "$1"
