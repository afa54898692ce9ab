#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# From nothing to results: sets up what is missing, builds the program, runs config/demo.yaml on two
# ranks (mock skies, a network trained on them, its score, a catalogue), then a trained network on a
# real map. Safe to repeat: what is finished and unchanged is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
source jobs/setup.sh

preset=release
if [[ $FAINTWEB_FLAVOUR == cuda ]] && has_cuda_toolkit; then
    preset=cuda
fi
say "building the program (preset $preset)"
build_log=build/demo.log
mkdir -p build
if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --target faintweb; } >"$build_log" 2>&1; then
    tail -n 30 "$build_log" >&2
    fail "the build failed (its last lines are above; all of them: $build_log)"
fi
faintweb=build/$preset/apps/faintweb

# Open MPI counts cores, not hardware threads, and would pin each rank with all its threads to one of
# them; containers often forbid the system call behind its single-copy transport.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
if [[ $EUID -eq 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
run=(mpirun --oversubscribe --bind-to none -n 2 "$faintweb")

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}
show "${run[@]}" run --overwrite config/demo.yaml
show "${run[@]}" detect --overwrite --model config/models/nvss.safetensors -o results/demo-nvss/toothbrush.h5 \
    --pictures --export csv,fits,ds9 test/data/nvss-toothbrush.fits

printf '\nResults of the demo:\n'
find results/demo results/demo-nvss -type f -not -path '*/skies/*' \( -name '*.h5' -o -name '*.png' -o -name '*.html' -o -name '*.safetensors' \
    -o -name '*.csv' -o -name '*.reg' -o -name '*.json' \) | sort | sed 's/^/  /'
