#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# throwing_rank.sh MPIRUN MESSAGE PROGRAM ARGUMENT...: the job must end by itself within 30 s, with a code
# that is not 0, and say what happened to which rank.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mpirun=$1 message=$2
shift 2
timeout 30 "$mpirun" --oversubscribe -n 4 "$@" >"$log" 2>&1
code=$?
if [[ $code -eq 0 || $code -eq 124 ]]; then
    echo "exit code $code (124: it had to be stopped)"
    cat "$log"
    exit 1
fi
if ! grep -q "$message" "$log"; then
    echo "the message '$message' is missing:"
    cat "$log"
    exit 1
fi
echo "ended with exit code $code"
