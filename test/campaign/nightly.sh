#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# jobs/nightly.sh and jobs/nightly.sbatch without Slurm: each map is classified once, a replaced one again, what
# was stopped goes on, and two at once do not meet. What they say to Slurm is looked at with a false one.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
# shellcheck source=test/campaign/detect_runs.sh
source "$source_dir/test/campaign/detect_runs.sh"
make_maps 900 700
export FAINTWEB_SUBMIT='' FAINTWEB_RANKS=2
today=$(date +%F)

# nightly CODE LOG: over the maps in `watch`. The results lie below the watched folder, where their exports
# must not be taken for maps.
nightly() { expect_code "$1" "$2" bash "$source_dir/jobs/nightly.sh" watch watch/results -- --set field_px=100 --set parallel.threads=1; }
n_nights() { find watch/results -mindepth 1 -maxdepth 1 -type d | wc -l; }
# night NUMBER: its folder. The date may have changed since the first one.
night() { find watch/results -mindepth 1 -maxdepth 1 -type d -printf '%C@ %p\n' | sort -n | sed -n "$1s/^[^ ]* //p"; }
# has_night NUMBER CODE NAMES...: it is done with that code, and is of these maps only.
has_night() {
    local folder code=$2
    folder=$(night "$1")
    shift 2
    [[ $(<"$folder/done") == "$code" ]] || { ls -la "$folder"; fail "$folder is not done with $code"; }
    [[ $(sed "s|^$work/watch/||" "$folder/maps.txt") == "$(printf '%s\n' "$@")" ]] ||
        { cat "$folder/maps.txt"; fail "$folder has other maps than $*"; }
    [[ -s $folder/catalogue.h5 && -s $folder/catalogue.fits && ! -e $folder/catalogue.run ]] ||
        { ls -la "$folder"; fail "$folder is not whole"; }
}

mkdir -p "watch/two words"
cp m0.fits watch/
cp m1.fits "watch/two words/it's.FITS"
cp m2.fits watch/.under-way.fits
nightly 0 log
has_night 1 0 m0.fits "two words/it's.FITS"
[[ $(night 1) == watch/results/$today ]] || [[ $today != "$(date +%F)" ]] || fail "no folder with the date"
nightly 0 log
expect_line log 'nothing new'
[[ $(n_nights) -eq 1 ]] || fail "a night without new maps"
echo "a map is classified once"

# Replaced by one of the same size; new; of no use.
cp m2.fits watch/m0.fits
cp m2.fits watch/m2.fits
head -c 10000 m1.fits >watch/short.fit
nightly 0 log
has_night 2 3 m0.fits m2.fits short.fit
nightly 0 log
expect_line log 'nothing new'
echo "a replaced map is classified again, a broken one is not tried twice"

# Stopped by a signal, while a second one tries.
mkdir watch/more
cp m0.fits m1.fits m2.fits watch/more/
nightly 75 stopped &
process=$!
has_begun() { [[ -n $(find watch/results -path '*catalogue.run/shard_*') ]]; }
wait_for 60 has_begun
nightly 0 log
expect_line log 'another nightly.sh is at work'
kill -USR1 "$(pgrep -f "^bash jobs/nightly.sbatch $work/")"
wait "$process" || { cat stopped; fail "a stopped night must end with 75"; }
expect_line stopped 'goes on'
folder=$(night 3)
[[ -d $folder/catalogue.run && ! -e $folder/done ]] || { ls -la "$folder"; fail "it was not stopped in mid-run"; }
cp m0.fits watch/late.fits
nightly 0 log
expect_line log 'goes on with a run in which [0-9]+ of '
has_night 3 0 more/m0.fits more/m1.fits more/m2.fits
has_night 4 0 late.fits
# The same maps and settings by hand, from a list with relative names, as one of an array.
mkdir -p by_hand/other
printf 'm%s.fits\n' 0 1 2 >by_hand/maps.txt
cp m?.fits by_hand/
cd "$source_dir"
SLURM_ARRAY_TASK_ID=1 expect_code 0 "$work/log2" bash jobs/nightly.sbatch none "$work/by_hand/maps.txt" -- --set field_px=100
cd "$work"
[[ $(digest_in log2) == "$(digest_in log | head -n 1)" ]] || fail "a night that was stopped has another digest"
echo "a stopped night goes on to the digest $(digest_in log2)"

# A false Slurm: one job per night, submitted again only when it has gone.
mkdir bin
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "$@" >>%s/submitted; echo "42;cluster"\n' "$work" >bin/sbatch
printf '#!/bin/sh\ncat %s/queue\n' "$work" >bin/squeue
chmod +x bin/*
export PATH=$work/bin:$PATH
unset FAINTWEB_SUBMIT
cp m1.fits watch/later.fits
echo 42 >queue
nightly 0 log
expect_line submitted "^--parsable --output=$work/$(night 5)/log jobs/nightly.sbatch $work/$(night 5)/maps.txt -- --set field_px=100"
nightly 0 log
expect_line log 'in the hands of job 42'
[[ $(wc -l <submitted) -eq 1 ]] || fail "a job was submitted twice"
: >queue
nightly 0 log
[[ $(wc -l <submitted) -eq 2 ]] || fail "a job that has gone was not submitted again"
[[ $(n_nights) -eq 5 ]] || fail "$(n_nights) nights"
echo "a night is one job"
