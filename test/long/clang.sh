#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Builds the folders without LibTorch and MPI with clang (preset clang), every warning an error, runs their tests, and
# reads their sources with clang-tidy (.clang-tidy has the checks).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=jobs/setup.sh
source jobs/setup.sh
install_packages clang clang-tidy
cmake --preset clang
cmake --build --preset clang
ctest --preset clang --parallel "$(nproc)"
start=$SECONDS
sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/clang/compile_commands.json |
    xargs -n 1 -P "$CMAKE_BUILD_PARALLEL_LEVEL" clang-tidy -p build/clang --quiet 2>build/clang/tidy.log ||
    { echo "test/long/clang.sh: clang-tidy has something to say (above)" >&2; exit 1; }
echo "clang-tidy: nothing to say, in $((SECONDS - start)) s"
