#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Sets up what is missing, builds everything and runs all tests; safe to repeat and then quick. Where
# the CUDA toolkit is, the CUDA flavour is built and linked too, and its GPU tests run if there is a GPU.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
source jobs/setup.sh
install_test_python
install_test_packages

# Builds the program and its GPU tests with CUDA and NCCL, and runs these tests.
check_cuda() {
    cmake --preset cuda && cmake --build --preset cuda --target faintweb gpu_tests && ctest --preset cuda
}

cmake --preset dev
cmake --build --preset dev
status=0
if [[ $FAINTWEB_FLAVOUR == cuda ]] && has_cuda_toolkit; then
    if ! check_cuda; then
        echo "test/run.sh: the CUDA flavour FAILED (above); the CPU tests follow" >&2
        status=1
    fi
else
    echo "test/run.sh: the CUDA flavour is not built (no CUDA toolkit, or FAINTWEB_FLAVOUR=cpu)"
fi
# Last, so that its summary ends the output. Tests wait a good part of their time, for processes that start and end:
# hence two to a core. Those that keep more than one core busy say so to ctest (PROCESSORS 2).
ctest --preset dev --parallel $((2 * $(nproc))) || status=1
exit $status
