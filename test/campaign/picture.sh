#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Pictures of a mock sky: a row of sky, noise and labelled mosaic, the gas with its haloes, a detail. What
# does not fit is refused in one line that says what and why.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
expect_code 0 log "$FAINTWEB" simulate "$source_dir/test/campaign/skies.yaml" --set simulate.n_train=0 --set simulate.n_test=1
ln -s out/skies/test skies
sky=skies/sky_00000.fits noise=skies/noise_00000.fits gas=skies/column_density_00000.fits haloes=skies/haloes_00000.csv

# size PNG: its width and height, which stand in bytes 16 to 23.
size() { od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }'; }
# drawn PNG ARGUMENTS...: makes a picture without a word of trouble.
drawn() {
    local png=$1
    shift
    expect_code 0 log "$FAINTWEB" picture "$@" -o "$png"
    [[ $(wc -l <log) -eq 1 && $(head -c 4 "$png" | tail -c 3) == PNG ]] || { cat log; fail "no picture $png"; }
}
# differ PNG OTHER: two pictures of one size that do not show the same.
differ() {
    [[ $(size "$1") == "$(size "$2")" ]] || fail "$1 has another size than $2"
    ! cmp -s "$1" "$2" || fail "$1 shows the same as $2"
}

rule=(--min-pixels 9 --flux-threshold 1e-9)
drawn alone.png "$sky"
drawn row.png "$sky" "$noise" "$noise" --truth "$sky" "${rule[@]}"
read -r width height < <(size row.png)
[[ $width -gt $((3 * 600)) && $height -lt 800 ]] || fail "three panels are $width x $height"
# The labels are on the map that was asked for, and follow the rule.
drawn labelled.png "$sky" "$noise" "$noise" --truth "$sky" --truth-on 3 "${rule[@]}"
drawn first.png "$sky" "$noise" "$noise" --truth "$sky" --truth-on 1 "${rule[@]}"
differ labelled.png row.png
differ labelled.png first.png
drawn stricter.png "$sky" "$noise" "$noise" --truth "$sky" --truth-on 3 --min-pixels 100 --flux-threshold 1e-9
differ labelled.png stricter.png
drawn tiles.png "$sky" "$noise" "$noise" --truth "$sky" --truth-on 3 "${rule[@]}" --tile 20
differ labelled.png tiles.png

drawn gas.png "$gas" --haloes "$haloes" --min-mass 3e13
drawn none.png "$gas" --haloes "$haloes" --min-mass 1e16
differ gas.png none.png
drawn linear.png "$gas" --haloes "$haloes" --min-mass 3e13 --stretch linear
differ gas.png linear.png
drawn log.png "$sky" --stretch log
cmp log.png alone.png || fail "a sky is not drawn in log"
drawn asinh.png "$noise" --stretch asinh
drawn noise.png "$noise"
cmp asinh.png noise.png || fail "a noise image is not drawn in asinh"
drawn detail.png "$sky" "$noise" --window 100,120,60,40 --truth "$sky" "${rule[@]}" --haloes "$haloes"
drawn whole.png "$sky" --window 0,0,300,300
cmp whole.png alone.png || fail "the window of all pixels is not the map"

# refused PATTERN ARGUMENTS...: one line, exit code 2, no picture.
refused() {
    local pattern=$1
    shift
    rm -f bad.png
    expect_code 2 log "$FAINTWEB" picture "$@" -o bad.png
    expect_line log "$pattern"
    [[ $(wc -l <log) -eq 1 ]] || { cat log; fail "more than one line for: $*"; }
    [[ ! -e bad.png ]] || fail "a picture was made in spite of: $*"
}
refused 'no column m200_msun, r100_arcsec in its first line' "$sky" --haloes skies/point_sources_00000.csv
refused 'nowhere.csv cannot be read' "$sky" --haloes nowhere.csv
refused 'nvss-a2256.fits has .* and skies/noise_00000.fits 300 x 300 pixels' "$noise" --truth "$source_dir/test/data/nvss-a2256.fits"
refused 'BUNIT is missing' "$noise" --truth "$gas"
refused 'window 250,0,51,10 does not lie on .* \(300 x 300 pixels\)' "$sky" --window 250,0,51,10
refused 'window 0,0,0,10 does not lie on' "$sky" --window 0,0,0,10
refused 'window has 3 numbers' "$sky" --window 1,2,3
refused "stretch 'sqrt' is not known" "$sky" --stretch sqrt
refused '--truth-on 3 means no map \(2 are given\)' "$sky" "$noise" --truth "$sky" --truth-on 3
refused '--haloes-on 0 means no map' "$sky" --haloes "$haloes" --haloes-on 0
refused '--truth-on is given without --truth' "$sky" --truth-on 1
refused '--haloes-on is given without --haloes' "$sky" "$noise" --haloes-on 2
refused '--min-mass is nan' "$sky" --haloes "$haloes" --min-mass nan
refused '--flux-threshold is -1' "$sky" --truth "$sky" --flux-threshold -1
refused '--flux-threshold is nan' "$sky" --truth "$sky" --flux-threshold nan
refused "stretch '' is not known" "$sky" --stretch ''
refused 'nowhere.fits' "$sky" nowhere.fits
expect_code 0 log "$FAINTWEB" picture --help
expect_line log '--window X0,Y0,WIDTH,HEIGHT '
# shellcheck disable=SC2046
refused '13 maps are too many' $(printf "$sky %.0s" {1..13})
