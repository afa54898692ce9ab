#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# small_shared_memory.sh MPIRUN REDUCER_TEST TRAINING_TEST: where /dev/shm is small, as in a container, ranks
# sum gradients by MPI, and train weights of their own where only those do not fit. Nobody is killed.
set -euo pipefail
reducer_test=$2 training_test=$3
on_two=("$1" --oversubscribe --mca btl "self,tcp" -n 2)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# with_room SIZE COMMAND...: with a /dev/shm of this size that only the command sees.
with_room() {
    # shellcheck disable=SC2016
    unshare "${as_root[@]}" --mount bash -c 'mount -t tmpfs -o size="$0" tmpfs /dev/shm && exec "$@"' "$@" >"$log" 2>&1
}
fail() {
    cat "$log"
    echo "FAILED: $1"
    exit 1
}

as_root=()
with_room 1m true || as_root=(--user --map-root-user)
if ! with_room 1m true; then
    echo "skipped: this user cannot mount a /dev/shm of another size ($(tail -n 1 "$log"))"
    exit 77
fi
with_room 1m "${on_two[@]}" "$reducer_test" --gtest_filter='Kinds/*/0' || fail "auto where nothing can be shared"
grep -q "goes on with 'mpi'" "$log" || fail "auto goes another way without a word"
if with_room 1m "${on_two[@]}" "$reducer_test" --gtest_filter='Kinds/*/1'; then
    fail "shared where nothing can be"
fi
grep -q "reducer 'shared' cannot be used (/dev/shm has less than 16 MB left, or" "$log" || fail "shared ends without saying why"
# Weights that do not fit: the losses are those of one rank, but not to the last bit.
with_room 18m "${on_two[@]}" "$training_test" --gtest_filter=-'*OfWholeMicroBatches*' || fail "weights that do not fit"
echo "goes on where /dev/shm is small"
