# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# What the fault tests of detect share: maps, runs that are disturbed, judges of what those leave.
# Sourced after expectations.sh, with the library that makes faults (faults.cc) in FAULTS.
# shellcheck shell=bash disable=SC2034,SC2154
model=$source_dir/config/models/askap.safetensors
settings=(--set field_px=200 --set parallel.threads=1)
maps=(m0.fits m1.fits m2.fits)
job=
# What a failed test leaves running goes too.
trap 'end_all; rm -rf "$work"' EXIT
end_all() {
    # shellcheck disable=SC2046,SC2086
    kill -KILL $job $(pgrep -f "^$FAINTWEB detect .* -o $work/" || true) 2>/dev/null || true
}

# make_maps COLUMNS ROWS: three maps of blobs in noise, and one.fits, which is one field.
make_maps() {
    local code=0
    bash "$source_dir/test/ecosystem/run_python.sh" - "$@" <<'END' || code=$?
import sys

import numpy as np
from astropy.io import fits

columns, rows = int(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(7)
header = fits.Header({"CTYPE1": "RA---SIN", "CRPIX1": 1.0, "CRVAL1": 40.0, "CDELT1": -9.6 / 3600,
                      "CTYPE2": "DEC--SIN", "CRPIX2": 1.0, "CRVAL2": 10.0, "CDELT2": 9.6 / 3600,
                      "BUNIT": "Jy/beam", "BMAJ": 10 / 3600, "BMIN": 10 / 3600, "BPA": 0.0})
for name, n, m in ("m0", columns, rows), ("m1", columns, rows), ("m2", columns, rows), ("one", 200, 160):
    image = 1e-5 * random.standard_normal((m, n))
    y, x = np.mgrid[-50:51, -50:51]
    for _ in range(max(1, n * m // 40000)):
        a, b = random.integers(50, n - 51), random.integers(50, m - 51)
        image[b - 50:b + 51, a - 50:a + 51] += 2e-4 * np.exp(-(x**2 + y**2) / 288)
    fits.writeto(name + ".fits", image.astype("f4"), header)
END
    [[ $code -eq 0 ]] || exit $code
}

# detect RANKS FOLDER ARGUMENTS...: into FOLDER/cat.h5; RANKS "no" is without mpirun. With `rule` set the
# ranks meet that fault. The shell becomes mpirun (see `start`).
detect() {
    local ranks=$1 folder=$2 command=(env)
    shift 2
    [[ -z ${rule:-} ]] || command+=(LD_PRELOAD="$FAULTS" FAINTWEB_FAULT="$rule")
    command+=("$FAINTWEB" detect -m "$model" -o "$work/$folder/cat.h5" "${settings[@]}" "$@" "${maps[@]}")
    [[ $ranks == no ]] || command=("$MPIRUN" --oversubscribe --bind-to none -n "$ranks" "${command[@]}")
    exec "${command[@]}"
}
# ends_with CODE RANKS FOLDER ARGUMENTS...: the run ends with this exit code; its output is in FOLDER.log.
# Code "lost" is that of mpirun when a rank was killed.
ends_with() {
    local wanted=$1 log=$3.log
    shift
    [[ $wanted != lost ]] || wanted=137
    expect_code "$wanted" "$log" in_shell "$@"
    [[ -z ${rule:-} ]] || expect_line "$log" '^fault: '
    nobody_is_left "$2"
}
in_shell() { (detect "$@"); }
# start RANKS FOLDER ARGUMENTS...: in the background, as process `job`.
start() {
    detect "$@" >"$2.log" 2>&1 &
    job=$!
    log=$2.log
}
# job_ends_with CODES SECONDS FOLDER: the run that was started ends with one of these exit codes (a regular
# expression), inside this time from now.
job_ends_with() {
    local code=0
    wait_for "$2" has_ended "$job"
    wait "$job" || code=$?
    job=
    [[ $code =~ ^($1)$ ]] || { cat "$log"; fail "exit code $code instead of $1"; }
    nobody_is_left "$3"
}
has_ended() { ! kill -0 "$1" 2>/dev/null; }

# The processes that work into a folder, mpirun left out.
ranks_of() { pgrep -f "^$FAINTWEB detect .* -o $work/$1/cat\.h5 " || true; }
# rank_of FOLDER RANK: the process of that rank.
rank_of() {
    local process
    for process in $(ranks_of "$1"); do
        if grep -qzx "OMPI_COMM_WORLD_RANK=$2" "/proc/$process/environ" 2>/dev/null; then echo "$process"; fi
    done
}
# wait_for SECONDS COMMAND...: until the command is true.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $end ]] || { cat "${log:-/dev/null}"; fail "not in time: $*"; }
        sleep 0.05
    done
}
is_stopped() { [[ -n $1 && $(ps -o stat= -p "$1") == T* ]]; }
is_rank_stopped() { is_stopped "$(rank_of "$1" "$2")"; }
# all_are_stopped FOLDER N: there are N processes, and all of them have stopped themselves.
all_are_stopped() {
    local process n=0
    for process in $(ranks_of "$1"); do
        is_stopped "$process" || return 1
        n=$((n + 1))
    done
    [[ $n -eq $2 ]]
}
# go_on FOLDER: continues all that have stopped themselves.
go_on() {
    # shellcheck disable=SC2046
    kill -CONT $(ranks_of "$1")
}
has_none_left() { [[ -z $(ranks_of "$1") ]]; }
nobody_is_left() { wait_for 30 has_none_left "$1"; }

# What is left of a run: nothing published, but all that the same command needs to go on.
is_unfinished() {
    [[ ! -e $1/cat.h5 ]] || fail "$1/cat.h5 was published"
    [[ -e $1/cat.run ]] || fail "$1/cat.run has gone"
}
# The same where the run could still clean up behind itself.
is_cleanly_unfinished() {
    is_unfinished "$1"
    [[ -z $(find "$1" -name '*.partial*') ]] || { ls -R "$1"; fail "a .partial file was left in $1"; }
}
# is_finished FOLDER: `wanted` is the digest, and nothing but the catalogue is left.
is_finished() {
    [[ $(digest_in "$1.log") == "$wanted" ]] || { cat "$1.log"; fail "another digest in $1 than $wanted"; }
    [[ -s $1/cat.h5 ]] || fail "there is no $1/cat.h5"
    [[ ! -e $1/cat.run && ! -e $1/cat.lock ]] || { ls -RA "$1"; fail "$1/cat.run or its lock was left"; }
    [[ -z $(find "$1" -name '*.partial*') ]] || { ls -R "$1"; fail "a .partial file was left in $1"; }
}
# finish RANKS FOLDER ARGUMENTS...: the same command comes to the end, with the right digest.
finish() {
    ends_with 0 "$@"
    is_finished "$2"
}
# undisturbed: sets `wanted`, the digest of a run that nothing befell.
undisturbed() {
    ends_with 0 no whole "$@"
    wanted=$(digest_in whole.log)
    [[ ${#wanted} -eq 64 ]] || { cat whole.log; fail "no digest was printed"; }
    is_finished whole
}
