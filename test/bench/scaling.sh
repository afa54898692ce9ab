#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# The simulation of bench_scaling finds each wall that it is given, at the speed that follows from it:
# scaling.sh BENCH_SCALING. That every field ends once and no rank holds more than its credits are
# contracts in it.
set -euo pipefail
bench=$1
fail() { echo "$*" >&2; exit 1; }

# TABLE WALL LEAST MOST OPTIONS...: the wall and the fields/s of four workers, the last row of a table.
expect() {
    local table=$1 wall=$2 least=$3 most=$4 row
    shift 4
    row=$("$bench" "$@" workers=4 | awk -v table="$table" '/^[a-z]/ { in_table = $1 == table } in_table && /^\| 4 / { print }')
    awk -F ' *[|] *' -v wall="$wall" -v least="$least" -v most="$most" -v of_all="${least_of_all:-0}" \
        '{ n += 1; good = $10 == wall && $3 >= least && $3 <= most && $9 >= of_all } END { exit !(n == 1 && good) }' <<<"$row" ||
        fail "$table $*: wanted $wall at $least to $most fields/s, got: $row"
}

expect windows workers 1690 1790 gpu fields=600
expect windows workers 44 50 cpu fields=50
expect windows "rank 0" 45 50 gpu fields=50 message_us=20000
expect windows "file system" 95 100 gpu fields=50 disk_gb_s=1.6
expect windows "file system of one rank" 190 200 gpu fields=50 client_gb_s=0.8
expect windows merge 0 1790 gpu fields=50 verify_us=100000
# Rank 0 would need 2 s to read back the 200 fields alone.
least_of_all=90 expect windows start 0 1790 gpu fields=50 verify_us=10000
expect pixels "rank 0" 95 100 gpu fields=50 read_ms=10
expect pixels "network of rank 0" 45 51 gpu fields=50 network_gb_s=0.8
[[ $("$bench" workers=4 fields=50) == "$("$bench" workers=4 fields=50)" ]] || fail "two runs differ"
"$bench" speed=3 >/dev/null && code=0 || code=$?
[[ $code -eq 2 ]] || fail "an unknown option ended with $code"
