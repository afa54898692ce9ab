#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# What detect makes of headers that lack facts, say them wrongly or say other things than the options.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
model=$source_dir/config/models/nvss-15.safetensors

# map_with NAME [KEY VALUE]...: a real map of 15" pixels, with the value fields of these cards changed.
map_with() {
    local name=$1 place
    cp "$source_dir/test/data/nvss-a2256.fits" "$name"
    chmod u+w "$name"
    shift
    while [[ $# -gt 0 ]]; do
        place=$(LC_ALL=C grep -abo "$(printf '%-8s=' "$1")" "$name" | head -n 1 | cut -d: -f1)
        printf '%-70s' "$2" | dd of="$name" bs=1 seek=$((place + 10)) conv=notrunc status=none
        shift 2
    done
}
detect() { "$FAINTWEB" detect -m "$model" --export csv "$@"; }
# column LOG NAME: a column of a CSV file.
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == name) c = i; next } { print $c }' "$1"
}
n_warnings() { grep -c ' W ' "$1" || true; }

# Right ascensions lie in [0, 360), however CRVAL1 is written.
map_with plain.fits
expect_code 0 log detect -o plain.h5 plain.fits
[[ $(n_warnings log) -eq 0 ]] || { cat log; fail "a warning about a good map"; }
for centre in -1.050D+02 615.0; do
    map_with turned.fits CRVAL1 "$centre"
    expect_code 0 log detect -o turned.h5 turned.fits
    column turned.csv ra | awk '!($1 >= 0 && $1 < 360) { bad = 1 } END { exit bad || NR == 0 }' || fail "CRVAL1 $centre"
done
cmp <(column plain.csv ra | wc -l) <(column turned.csv ra | wc -l) || fail "the turned map has other rows"

# A card that is unusable refuses the map with its name; --pixel goes on without positions and says so once.
map_with nan.fits CRVAL1 NaN CDELT1 '-4.166667D-03'
expect_code 3 log detect -o no.h5 nan.fits
expect_line log 'not used: nan.fits: CRVAL1 = NaN .*--pixel'
for ranks in 1 2; do
    expect_code 0 log on_ranks "$ranks" "$FAINTWEB" detect -m "$model" -o nan.h5 --export csv --pixel 15 nan.fits
    expect_line log ' W (rank 0: )?nan.fits: CRVAL1 = NaN .*without sky positions'
    [[ $(n_warnings log) -eq 1 ]] || { cat log; fail "more than one warning"; }
    digest_in log >"digest_$ranks"
    # 4: the bit of a row without a position.
    paste <(column nan.csv ra) <(column nan.csv flags) |
        awk '$1 != -999 || int($2 / 4) % 2 != 1 { bad = 1 } END { exit bad || NR == 0 }' || fail "a position was made up"
done
cmp digest_1 digest_2 || fail "1 and 2 ranks gave different digests"
map_with spectral.fits CRVAL4 NaN
expect_code 0 log detect -o spectral.h5 spectral.fits

# All that is missing is named at once, with one command that supplies it.
map_with bare.fits BUNIT "'W.U.'" CDELT2 0.0 CTYPE1 "'X'"
expect_code 3 log detect -o bare.h5 bare.fits
expect_line log 'CTYPE1 = X, .*BUNIT = .*W\.U\..*give --pixel ARCSEC --unit UNIT \('
expect_code 0 log detect -o bare.h5 --pixel 15 --unit 'mJy/beam' bare.fits
expect_code 2 log detect -o bare.h5 --unit 'MJY/BEAM' bare.fits
expect_line log 'milli or mega'

# Options fill only what is missing, unless they are forced.
expect_code 0 log detect -o kept.h5 --beam 40 --unit mJy/beam --pixel 14 plain.fits
for option in beam unit pixel; do
    expect_line log " W plain.fits: --$option .* is not used .*--force-$option"
done
cmp plain.csv kept.csv || fail "an option changed what a good header says"
expect_code 3 log detect -o forced.h5 --force-beam 40 plain.fits
expect_line log 'not used: plain.fits: the beam is 40 x 40'
expect_code 0 log detect -o forced.h5 --force-unit mJy/beam plain.fits
paste <(column plain.csv flux_jy) <(column forced.csv flux_jy) |
    awk '{ d = $2 * 1000 - $1; if (d * d > 1e-10 * $1 * $1) bad = 1 } END { exit bad || NR == 0 }' || fail "mJy/beam was not forced"
expect_code 0 log detect -o forced.h5 --force-pixel 15.2 plain.fits
expect_line log ' W plain.fits: --force-pixel 15.2 .*no sky positions'
expect_code 2 log detect -o forced.h5 --beam 45 --force-beam 45 plain.fits
expect_code 2 log detect -o forced.h5 --set 'detect.force=[beam]' plain.fits

# Pixels that are not square are another scale, whatever their mean is.
map_with flat.fits CDELT1 -8.333333E-03 CDELT2 2.083333E-03
expect_code 3 log detect -o flat.h5 flat.fits
expect_line log 'not used: flat.fits: the pixel is 30 x 7.5 arcsec'
expect_code 0 log detect -o flat.h5 --accept-mismatch pixel flat.fits
expect_line log ' W flat.fits: pixels are 30.*not square'
column flat.csv flags | awk 'int($1 / 16) % 2 != 1 { bad = 1 } END { exit bad || NR == 0 }' || fail "a row is not flagged"
expect_code 0 log "$FAINTWEB" info flat.fits
expect_line log 'note .*not square'
