#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# The kills of test/campaign/resume_training.sh a hundred times on each number of ranks, about an hour:
# FAINTWEB=build/dev/apps/faintweb MPIRUN=$(command -v mpirun) bash test/long/resume_training.sh
set -euo pipefail
FAINTWEB=$(realpath "$FAINTWEB") N_ROUNDS=${N_ROUNDS:-100} exec bash "$(dirname "${BASH_SOURCE[0]}")/../campaign/resume_training.sh"
