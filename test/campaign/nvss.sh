#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Real fields of the NVSS with the models that come with the program: the diffuse emission that is known
# lies in detected tiles, and empty tiles stay empty.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
data=$source_dir/test/data
for field in toothbrush:nvss a2256:nvss-15; do
    name=${field%:*}
    model=$source_dir/config/models/${field#*:}.safetensors
    expect_code 0 log on_ranks 2 "$FAINTWEB" detect -m "$model" -o "$name.h5" --export ds9,probability,score --pictures "$data/nvss-$name.fits"
    [[ -s $name-pictures/nvss-${name}_field_0.png ]] || fail "no picture of $name"
    expect_line "$name.reg" '^polygon\('
    bash "$source_dir/test/ecosystem/run_python.sh" "$source_dir/test/ecosystem/diffuse_flux.py" "$name.h5" "$data/nvss-$name.fits" \
        "$data/nvss-$name-diffuse.fits" "$data/nvss-$name-subtracted.fits" 0.7 0.05
    # The same afterwards, without the model.
    expect_code 0 log "$FAINTWEB" export "$name.h5" --probability "again-$name" --score "again-$name"
    for quantity in probability score; do
        image=nvss-${name}_$quantity.fits
        bash "$source_dir/test/ecosystem/run_python.sh" "$source_dir/test/ecosystem/probability_map.py" "$name.h5" \
            "$name-$quantity/$image" $quantity
        cmp "$name-$quantity/$image" "again-$name/$image" || fail "export writes another $image than detect"
    done
done
# A model for other maps is refused with what to do, and the run goes on when told so, with flags.
expect_code 3 log "$FAINTWEB" detect -m "$source_dir/config/models/askap.safetensors" -o no.h5 "$data/nvss-a2256.fits"
expect_line log 'not used: .*pixel.*--accept-mismatch pixel'
expect_code 0 log "$FAINTWEB" detect -m "$source_dir/config/models/askap.safetensors" -o flagged.h5 --accept-mismatch pixel,beam \
    --export csv "$data/nvss-a2256.fits"
[[ $(grep -c ' W .*nvss-a2256.fits: the pixel is 15 arcsec, .* trained at .* arcsec' log) -eq 1 ]] ||
    { cat log; fail "other than one warning of a mismatch"; }
# 16 and 32: the bits of a pixel scale and a beam that were accepted.
awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "flags") column = i; next }
    { n += 1; if (int($column / 16) % 4 != 3) bad = 1 } END { exit bad || n == 0 || !column }' flagged.csv ||
    { head -n 3 flagged.csv; fail "a row is not flagged as accepted"; }

# What is named twice, be it by a link or another path, is done once, with a warning.
ln -s "$data/nvss-toothbrush.fits" link.fits
mkdir folder
cp "$data/nvss-toothbrush.fits" copy.fits
expect_code 0 log "$FAINTWEB" detect -m "$source_dir/config/models/nvss.safetensors" -o twice.h5 \
    copy.fits "$data/nvss-toothbrush.fits" folder/../copy.fits link.fits
[[ $(grep -c ' W .*named twice: copy.fits, link.fits (which is /.*), done once' log) -eq 1 ]] ||
    { cat log; fail "other than one warning of a map that is named twice"; }
expect_line log '^./twice.h5: 2 fields'
# Whether a model has seen compact sources is said of it and of what it made.
for file in "$source_dir/config/models/nvss.safetensors" twice.h5; do
    expect_code 0 log "$FAINTWEB" info "$file"
    expect_line log '^skies     .* with(out)? compact sources'
done
for threshold in 0 1; do
    expect_code 2 log "$FAINTWEB" detect -m "$source_dir/config/models/nvss.safetensors" -o no.h5 --threshold $threshold copy.fits
    expect_line log "detect.threshold is $threshold \((every|no) tile would be a detection\)"
done
