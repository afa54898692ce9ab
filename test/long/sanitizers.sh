#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Builds the folders without LibTorch and MPI with sanitizers (presets asan and tsan), runs their tests and prints how long
# each took. A preset that is named as an argument is done alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=jobs/setup.sh
source jobs/setup.sh
[[ $# -gt 0 ]] || set -- asan tsan
status=0
for preset in "$@"; do
    cmake --preset "$preset" >/dev/null
    start=$SECONDS
    cmake --build --preset "$preset"
    built=$SECONDS
    ctest --preset "$preset" --parallel "$(nproc)" || status=1
    times+=("$preset: built in $((built - start)) s, tested in $((SECONDS - built)) s")
done
printf '%s\n' "${times[@]}"
exit $status
