# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# What the campaign tests share. Sourced with FAINTWEB and MPIRUN in the environment; each test works
# in a folder of its own that goes when it ends.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*"
    exit 1
}

# expect_code CODE LOG COMMAND...: runs the command with its output in LOG and checks its exit code.
expect_code() {
    local wanted=$1 log=$2 code=0
    shift 2
    "$@" >"$log" 2>&1 || code=$?
    if [[ $code -ne $wanted ]]; then
        cat "$log"
        fail "exit code $code instead of $wanted: $*"
    fi
}

# expect_line LOG PATTERN: some line of the log matches the extended regular expression.
expect_line() {
    grep -qE -- "$2" "$1" || { cat "$1"; fail "no line matches: $2"; }
}

on_ranks() {
    local ranks=$1
    shift
    "$MPIRUN" --oversubscribe --bind-to none -n "$ranks" "$@"
}

digest_in() { sed -n 's/^digest //p' "$1"; }

# take_boxes: the boxes of tiny.yaml lie where a campaign looks for them. They are those that tiny_boxes.sh made for all
# tests; without them each campaign makes its own there.
take_boxes() {
    mkdir -p results
    [[ ! -d ${TINY_BOXES:-} ]] || ln -s "$TINY_BOXES" results/boxes
}
