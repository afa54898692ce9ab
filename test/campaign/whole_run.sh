#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# simulate, train, evaluate, detect on one, two and four ranks: everything is there, a repeat skips
# what is done, and the same model gives one digest for any number of ranks and either scatter mode.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
take_boxes
campaign=$source_dir/test/campaign/tiny.yaml

expect_code 0 first.log on_ranks 2 "$FAINTWEB" run "$campaign" --set output=out
expect_line first.log '^evaluate: 8 held-out fields'
expect_line first.log 'cosmodeep_spp: A_s .*, W_s \(completeness\) .*, W_v .*, reliability '
head -n 1 out/evaluation.csv | grep -q ',A_s,W_s,W_v,reliability$' || fail "evaluation.csv lacks a ratio"
expect_line first.log 'best threshold finder .*: A_s '
expect_line first.log 'detect: fields per rank: rank 0: [1-9], rank 1: [1-9]'
for file in model.safetensors history.csv evaluation.json evaluation.csv evaluation_reliability.csv evaluation_reliability.png catalogue.h5 catalogue.csv catalogue.fits catalogue.reg \
    skies/test/noise_00001.fits skies/test/haloes_00000.csv catalogue-pictures/noise_00000_field_0.png; do
    [[ -s out/$file ]] || fail "out/$file is missing"
done
for file in model.safetensors catalogue.h5; do
    expect_code 0 info.log "$FAINTWEB" info "out/$file"
    expect_line info.log '^skies     the model was trained and calibrated on skies without compact sources'
done
[[ -z $(find out -name '*.partial') ]] || fail "a .partial file was left"

expect_code 0 second.log on_ranks 2 "$FAINTWEB" run "$campaign" --set output=out
[[ $(grep -c 'finished before and unchanged, skipped' second.log) -eq 4 ]] || { cat second.log; fail "a repeat did not skip all stages"; }
# A model made by hand between two runs is not the campaign's: what follows from it is done anew.
expect_code 0 train.log "$FAINTWEB" train "$campaign" --set output=out
expect_code 0 second.log on_ranks 2 "$FAINTWEB" run "$campaign" --set output=out
[[ $(grep -c 'skipped' second.log) -eq 1 ]] || { cat second.log; fail "stages after a new training were skipped"; }
expect_code 0 third.log "$FAINTWEB" run "$campaign" --set output=out --set detect.threshold=0.4
[[ $(grep -c 'skipped' third.log) -eq 3 ]] || { cat third.log; fail "a new threshold must redo detect alone"; }

wanted=$(digest_in first.log)
[[ ${#wanted} -eq 64 ]] || fail "no digest was printed"
for ranks in 1 2 4; do
    for scatter in pixels windows; do
        expect_code 0 "detect.log" on_ranks "$ranks" "$FAINTWEB" detect "$campaign" --set output=out --set "parallel.scatter=$scatter" \
            --set "parallel.threads=$((1 + ranks % 2))" --set detect.catalogue="cat_${ranks}_$scatter.h5" --set detect.pictures=false
        [[ $(digest_in detect.log) == "$wanted" ]] || fail "another digest with $ranks ranks, scatter $scatter"
    done
done

# In other precisions scores are others, but those of any number of ranks are the same.
declare -A digests=()
for precision in fp32 bf16; do
    for ranks in 1 2; do
        expect_code 0 detect.log on_ranks "$ranks" "$FAINTWEB" detect "$campaign" --set output=out --set "detect.precision=$precision" \
            --set "detect.catalogue=cat_${precision}_$ranks.h5" --set detect.pictures=false
        digests[$(digest_in detect.log)]=$precision
    done
done
[[ ${#digests[@]} -eq 2 ]] || fail "two precisions on 1 and 2 ranks gave the digests ${!digests[*]}"
[[ -n ${digests[$wanted]:-} ]] || fail "auto gave neither fp32 nor bf16"

# Training is the same for any number of ranks up to the order of sums: the losses agree to 1e-4.
expect_code 0 train.log on_ranks 1 "$FAINTWEB" train "$campaign" --set output=out
cp out/history.csv one.csv
expect_code 0 train.log on_ranks 4 "$FAINTWEB" train "$campaign" --set output=out --profile
expect_line train.log '^reduction, exposed +[0-9.]+ +[0-9.]+$'
paste -d, one.csv out/history.csv | awk -F, 'NR > 1 { d = $4 / $14 - 1; n += 1; if (d > 1e-4 || d < -1e-4) bad = 1 } END { exit bad || n == 0 }' ||
    { paste one.csv out/history.csv; fail "the losses of 1 and 4 ranks differ by more than 1e-4"; }
echo "one digest: $wanted"
