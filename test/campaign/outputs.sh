#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Nothing of the user's is destroyed: an output that is an input, or a file that is not ours, is refused in one
# line before anything is touched. What an earlier run of the same kind has written is replaced.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
model=$source_dir/config/models/nvss.safetensors
cp "$source_dir/test/data/nvss-toothbrush.fits" map.fits
cp "$source_dir/test/data/nvss-a2256.fits" other.fits
detects() { "$FAINTWEB" detect --model "$model" --accept-mismatch pixel,beam --set parallel.threads=1 "$@"; }
# state: all that is here, but the logs.
state() { find . -mindepth 1 ! -name '*log' \( -type f -exec sha256sum {} + -o -printf '%y %p %l\n' \) | sort; }
# keeps PATTERN COMMAND...: refuses with exit code 2 in one line that matches, and touches nothing.
keeps() {
    local pattern=$1
    shift
    state >before.log
    expect_code 2 log "$@"
    [[ $(grep -c ' [EW] ' log) -eq 1 ]] || { cat log; fail "other than one line: $*"; }
    expect_line log "$pattern"
    state >after.log
    cmp before.log after.log || { diff before.log after.log; fail "something was touched: $*"; }
}

# Inputs, by whatever name.
ln -s map.fits link.fits
ln map.fits hard.fits
mkdir sub
ln -s ../link.fits sub/far.fits
for name in map.fits ./map.fits sub/../map.fits link.fits hard.fits sub/far.fits "$PWD/map.fits"; do
    keeps "$name .*input map.fits" detects -o "$name" map.fits
    keeps "$name .*input map.fits" detects -o "$name" map.fits --overwrite
done
keeps 'map.fits .*input map.fits' detects -o map.h5 --export fits map.fits
keeps 'sub/../map.fits .*input map.fits' detects -o ./sub/../map.h5 --export csv,fits ./map.fits
keeps 'map.fits .*input link.fits' detects -o map.h5 --export fits link.fits
cp "$model" mine.safetensors
keeps 'mine.safetensors .*input' "$FAINTWEB" detect --model mine.safetensors -o mine.safetensors map.fits
cp map.fits truth.fits
keeps 'truth.fits .*input' detects -o truth.fits --truth truth.fits map.fits
mkdir held.run
cp map.fits held.run/map.fits
keeps 'held.run .*held.run/map.fits' detects -o held.h5 held.run/map.fits
mkdir map-probability
cp map.fits map-probability/map_probability.fits
keeps 'map_probability.fits' detects -o map.h5 --export probability map-probability/map_probability.fits map.fits

# The user's own files, and what is no file.
keeps 'other.fits is no catalogue' detects -o other.fits map.fits
echo 'x,y,name' >mine.csv
keeps 'mine.csv is no CSV' detects -o mine.h5 --export csv map.fits
echo 'circle(1,2,3)' >mine.reg
keeps 'mine.reg is no file of DS9' detects -o mine.h5 --export ds9 map.fits
cp map.fits mine.fits
keeps 'mine.fits is no FITS table' detects -o mine.h5 --export fits map.fits
rm mine.csv mine.reg mine.fits
mkdir mine.run mine-pictures
echo diary >mine.run/diary
keeps 'mine.run holds diary' detects -o mine.h5 map.fits
keeps 'mine.run holds diary' detects -o mine.h5 map.fits --overwrite
rm -r mine.run
echo picture >mine-pictures/map_field_0.png
keeps 'map_field_0.png is no picture' detects -o mine.h5 --pictures map.fits
rm -r mine-pictures
echo mine >mine-pictures
keeps 'mine-pictures is no folder' detects -o mine.h5 --pictures map.fits
echo secret >mine.lock
rm mine-pictures
keeps 'mine.lock is no lock' detects -o mine.h5 map.fits
rm mine.lock
mkfifo pipe.h5
keeps 'pipe.h5 is no regular file' detects -o pipe.h5 map.fits
keeps '/dev/null is no regular file' detects -o /dev/null map.fits
keeps 'sub is a folder' detects -o sub map.fits
expect_code 0 log detects -o two.h5 map.fits
keeps 'same file' "$FAINTWEB" export two.h5 --csv one --ds9 ./one
keeps 'same file' "$FAINTWEB" export two.h5 --csv one --score one
# Maps of several kinds go into one folder; what belongs to a catalogue begins with its name.
expect_code 0 log "$FAINTWEB" export two.h5 --score maps --rms maps
[[ -s maps/map_score.fits && -s maps/map_rms.fits ]] || fail "not both maps in one folder"
expect_code 0 log detects -o two.1 --export csv map.fits
expect_code 0 log detects -o two.2 --export csv map.fits
[[ -s two.1.csv && -s two.2.csv ]] || fail "two catalogues share an export"
# Progress is not noted through a link.
mkdir -p linked/.stages
ln map.fits linked/.stages/outputs
printf 'name: x\noutput: linked\nstages: [detect]\ndetect: {maps: [map.fits], model: %s}\n' "$model" >linked.yaml
keeps 'linked/.stages/outputs .*input' "$FAINTWEB" run linked.yaml
rm -r linked linked.yaml maps two.*

# What the same command wrote is replaced; what others wrote is not.
all=(--export 'csv,fits,ds9,probability' --pictures)
expect_code 0 log detects -o cat.h5 "${all[@]}" map.fits
rm before.log after.log
digest=$(digest_in log)
expect_code 0 log detects -o cat.h5 "${all[@]}" map.fits
expect_code 0 log detects -o cat.h5 "${all[@]}" "$PWD/sub/../map.fits"
[[ $(digest_in log) == "$digest" ]] || fail "another digest"
keeps 'cat.h5 is a catalogue of other maps' detects -o cat.h5 other.fits
keeps 'cat.h5 is a catalogue of other maps' detects -o cat.h5 map.fits other.fits
keeps 'cat.h5 is a catalogue of another model' "$FAINTWEB" detect -m "$source_dir/config/models/askap.safetensors" -o cat.h5 map.fits
keeps 'cat.h5 is a catalogue of other maps' on_ranks 2 "$FAINTWEB" detect -m "$model" -o cat.h5 other.fits
cp cat.h5 precious.h5
expect_code 0 log detects -o cat.h5 other.fits --overwrite
[[ $(digest_in log) != "$digest" ]] || fail "the catalogue was not replaced"
mv precious.h5 cat.h5

# A link stays a link, also one to nothing yet.
mkdir store
ln -s store/linked.h5 linked.h5
for _ in first again; do
    expect_code 0 log detects -o linked.h5 --export csv map.fits
    [[ -L linked.h5 && -s store/linked.h5 && ! -L store/linked.h5 && ! -e store/linked.run && ! -e store/linked.lock ]] ||
        { ls -lAR; fail "the link was replaced"; }
done
ln -s store/linked.csv list.csv
expect_code 0 log "$FAINTWEB" export linked.h5 --csv list.csv
[[ -L list.csv && -s store/linked.csv ]] || fail "the link to a list was replaced"

# Exports and pictures.
for format in csv fits ds9; do
    keeps 'cat.h5 .*input cat.h5' "$FAINTWEB" export cat.h5 --$format cat.h5
    keeps 'map.fits .*input' "$FAINTWEB" export cat.h5 --$format map.fits --overwrite
    keeps 'other.fits is no' "$FAINTWEB" export cat.h5 --$format other.fits
    expect_code 0 log "$FAINTWEB" export cat.h5 --$format new.$format
    expect_code 0 log "$FAINTWEB" export cat.h5 --$format new.$format
    cp other.fits mine.$format
    expect_code 0 log "$FAINTWEB" export cat.h5 --$format mine.$format --overwrite
    cmp mine.$format new.$format || fail "mine.$format was not replaced"
done
keeps 'same file' "$FAINTWEB" export cat.h5 --csv new.list --fits ./new.list
keeps 'same file' "$FAINTWEB" export cat.h5 --csv new.csv --ds9 sub/../new.csv
keeps 'new.csv is no file of DS9' "$FAINTWEB" export cat.h5 --ds9 new.csv
keeps 'pipe.h5 is no regular' "$FAINTWEB" export cat.h5 --csv pipe.h5
expect_code 0 log "$FAINTWEB" export cat.h5 --probability held
expect_code 0 log "$FAINTWEB" export cat.h5 --probability held
keeps 'held/map_probability.fits is no FITS table' "$FAINTWEB" export cat.h5 --fits held/map_probability.fits
cp map.fits held/map_probability.fits
keeps 'held/map_probability.fits is no FITS image' "$FAINTWEB" export cat.h5 --probability held
keeps 'map.fits .*input map.fits' "$FAINTWEB" picture map.fits -o map.fits
keeps 'truth.fits .*input' "$FAINTWEB" picture map.fits --truth truth.fits -o truth.fits
keeps 'cat.h5 is no picture' "$FAINTWEB" picture map.fits -o cat.h5
keeps 'cat.h5 .*input' "$FAINTWEB" picture cat.h5 -o cat.h5
expect_code 0 log "$FAINTWEB" picture map.fits -o map.png
expect_code 0 log "$FAINTWEB" picture other.fits -o map.png
expect_code 0 log "$FAINTWEB" picture cat.h5 -o drawn
expect_code 0 log "$FAINTWEB" picture cat.h5 -o drawn
cp map.fits drawn/map_field_0.png
keeps 'drawn/map_field_0.png is no picture' "$FAINTWEB" picture cat.h5 -o drawn
expect_code 0 log "$FAINTWEB" picture cat.h5 -o drawn --overwrite
cmp drawn/map_field_0.png cat-pictures/map_field_0.png || fail "the picture was not replaced"

# A campaign's own folder: what is there before its first run is the user's, what it wrote is replaced.
cp "$source_dir/test/campaign/tiny.yaml" tiny.yaml
take_boxes
campaign=(tiny.yaml --set output=out)
mkdir -p out/skies/test
for file in model.safetensors history.csv evaluation.json evaluation.csv catalogue.h5 catalogue.csv \
    skies/test/sky_00000.fits skies/test/haloes_00001.csv; do
    echo 'my own' >out/$file
    keeps "out/$file is n" "$FAINTWEB" run "${campaign[@]}"
    keeps "out/$file is n" on_ranks 2 "$FAINTWEB" run "${campaign[@]}"
    rm out/$file
done
# Of another number than the campaign's skies: stays.
echo 'my own' >out/skies/test/haloes_my_own.csv
cp "$model" out/model.safetensors
keeps 'out/model.safetensors is not known to be ours' "$FAINTWEB" train "${campaign[@]}"
rm out/model.safetensors
mkdir -p out/checkpoints/mine
echo weights >out/checkpoints/mine/step_1.checkpoint
expect_code 0 log "$FAINTWEB" run "${campaign[@]}"
[[ -s out/checkpoints/mine/step_1.checkpoint && -s out/skies/test/haloes_my_own.csv ]] || fail "a file of the user's has gone"
digest=$(digest_in log)
rm -f before.log after.log
expect_code 0 log "$FAINTWEB" run "${campaign[@]}"
expect_line log 'detect: finished before'
# Other settings: a new model, and a new catalogue of the same name.
expect_code 0 log "$FAINTWEB" run "${campaign[@]}" --set train.epochs=2
[[ $(digest_in log) != "$digest" ]] || fail "the catalogue was not made anew"
for stage in simulate train evaluate detect; do
    expect_code 0 log "$FAINTWEB" $stage "${campaign[@]}"
done
keeps 'out/catalogue.h5 is a catalogue of other maps' "$FAINTWEB" detect "${campaign[@]}" map.fits
keeps 'tiny.yaml .*input tiny.yaml' "$FAINTWEB" run tiny.yaml --set output=. --set detect.catalogue=tiny.yaml
keeps 'model.safetensors' "$FAINTWEB" run "${campaign[@]}" --set detect.catalogue=model.safetensors
keeps 'evaluation.csv' "$FAINTWEB" run "${campaign[@]}" --set detect.catalogue=evaluation.h5
[[ ! -e out/.lock ]] || fail "a lock was left"
# A folder of an earlier version has stamps, but no list of files.
rm out/.stages/outputs
expect_code 0 log "$FAINTWEB" run "${campaign[@]}" --set train.epochs=1
expect_code 0 log "$FAINTWEB" detect "${campaign[@]}"
