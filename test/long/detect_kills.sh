#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# The random kills of test/campaign/detect_kills.sh in two hundred detections, about an hour; a seed makes the same
# ones again: FAINTWEB=build/dev/apps/faintweb MPIRUN=$(command -v mpirun) bash test/long/detect_kills.sh [SEED]
set -euo pipefail
FAINTWEB=$(realpath "$FAINTWEB") exec bash "$(realpath "$(dirname "${BASH_SOURCE[0]}")")/../campaign/detect_kills.sh" 200 "$@"
