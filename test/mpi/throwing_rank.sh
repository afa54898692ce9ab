#!/usr/bin/env bash
# throwing_rank.sh MPIRUN PROGRAM: the job must end by itself within 30 s, with a code that is not 0,
# and say which rank had which error.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
timeout 30 "$1" --oversubscribe -n 4 "$2" >"$log" 2>&1
code=$?
if [[ $code -eq 0 || $code -eq 124 ]]; then
    echo "exit code $code (124: it had to be stopped)"
    cat "$log"
    exit 1
fi
if ! grep -q 'injected \[rank 3 on ' "$log"; then
    echo "the message with rank and host is missing:"
    cat "$log"
    exit 1
fi
echo "ended with exit code $code"
