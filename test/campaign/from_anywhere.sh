#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# A program, its maps and its results need not lie where they lay, nor be used by who made them: pictures find
# the maps of a catalogue, relative paths start where they are said to, and nothing is looked for at home.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
data=$source_dir/test/data model=$source_dir/config/models/nvss.safetensors
mkdir -p here/maps there/results
cp "$data/nvss-toothbrush.fits" here/maps/m.fits

# The absolute output is the first that is said.
(cd here && expect_code 0 ../log "$FAINTWEB" detect -m "$model" -o ../there/results/cat.h5 maps/m.fits)
grep -v '^\.\.\|^digest' log | head -n 1 | grep -q " I output in $work/there/results\$" || { cat log; fail "no output in the first line"; }

# drawn FOLDER CATALOGUE: the picture is made from this folder.
drawn() {
    rm -rf "$work/pictures"
    (cd "$1" && expect_code 0 "$work/log" "$FAINTWEB" picture "$2" -o "$work/pictures")
    [[ -s $work/pictures/m_field_0.png ]] || fail "no picture from $1"
}
drawn here ../there/results/cat.h5
drawn there results/cat.h5
# Beside the catalogue, before where it was.
mkdir there/results/maps
mv here/maps/m.fits there/results/maps/
drawn there results/cat.h5
# Another map that happens to have the name is not taken for it.
cp "$data/nvss-a2256.fits" here/maps/m.fits
drawn here ../there/results/cat.h5
! grep -q ' W ' log || { cat log; fail "a warning of a map that is there"; }
rm there/results/maps/m.fits
expect_code 2 log "$FAINTWEB" picture there/results/cat.h5 -o pictures
expect_line log 'here/maps/m.fits: has .* pixels but the map that was classified had'
rm here/maps/m.fits
expect_code 2 log "$FAINTWEB" picture there/results/cat.h5 -o pictures
expect_line log 'maps/m.fits: is neither where it was when it was classified nor'
[[ $(wc -l <log) -eq 1 ]] || { cat log; fail "more than one line"; }
# The same pixels under another header are drawn, with a word.
cp "$data/nvss-toothbrush.fits" here/maps/m.fits
printf 'COMMENT x' | dd of=here/maps/m.fits bs=80 seek=11 conv=notrunc status=none
drawn there results/cat.h5
expect_line log ' W .*here/maps/m.fits: its header has changed since it was classified'

# Files that a campaign names are looked for from its folder, its output and what --set names from the current one.
mkdir -p campaigns elsewhere
cp "$data/nvss-toothbrush.fits" campaigns/m.fits
cp "$model" campaigns/
printf 'name: x\noutput: out\nstages: [detect]\ndetect: {maps: [m.fits], model: nvss.safetensors, exports: [], pictures: false}\n' >campaigns/c.yaml
(cd elsewhere && expect_code 0 ../log "$FAINTWEB" run ../campaigns/c.yaml)
[[ -s elsewhere/out/catalogue.h5 ]] || { cat log; fail "not in elsewhere/out"; }
expect_line log " I output in $work/elsewhere/out\$"
(cd elsewhere && expect_code 2 ../log "$FAINTWEB" run ../campaigns/c.yaml --set 'detect.maps=[m.fits]' --check)
(cd elsewhere && expect_code 0 ../log "$FAINTWEB" run ../campaigns/c.yaml --set 'detect.maps=[../campaigns/m.fits]' --check)
expect_code 0 log "$FAINTWEB" --dump-defaults
expect_line log '^# Input files that a campaign file names are looked for from its own folder; output,'

# OMP_NUM_THREADS is the default of threads.
threads_are() { expect_code 0 info.log "$FAINTWEB" info cat.h5 && expect_line info.log " threads = $1\$"; }
run() {
    rm -rf cat.*
    expect_code 0 log env "$@" "$FAINTWEB" detect -m "$model" -o cat.h5 campaigns/m.fits --set parallel.threads="${threads:-0}"
}
run OMP_NUM_THREADS=3
threads_are 3
threads=2 run OMP_NUM_THREADS=3
threads_are 2
for number in 0 -1 many 2x 1e9; do
    run OMP_NUM_THREADS=$number
    [[ $(grep -c " W OMP_NUM_THREADS is $number (no whole number" log) -eq 1 ]] || { cat log; fail "no warning of $number"; }
done

# Help shows lists as they are given.
expect_code 0 log "$FAINTWEB" detect --help
expect_line log '^Usage: faintweb detect '
expect_line log '--export FORMAT\[,FORMAT\.\.\.\]$|--export FORMAT\[,FORMAT\.\.\.\] +formats'
expect_line log '--set KEY=VALUE '
! grep -qE '^  -.* TEXT \.\.\.' log || { cat log; fail "an option that takes one argument seems to take more"; }

# Nothing is looked for at home.
rm -rf cat.*
expect_code 0 log env -u HOME "$FAINTWEB" detect -m "$model" -o cat.h5 campaigns/m.fits
