#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Training skies that are made in memory give the model of those that are read from files, byte for
# byte, on one, two and four ranks; none of them reaches the disk, and run knows what is done.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
take_boxes
campaign=$source_dir/test/campaign/tiny.yaml
# Point sources: what is trained on is the noise image, what is labelled is the sky. Scaled by the local rms, which
# is measured alike in memory and in files.
settings=(--set point_sources.enabled=true --set train.scaling=asinh_local --set detect.pictures=false)

faintweb_on() {
    local ranks=$1 command=$2 folder=$3
    shift 3
    on_ranks "$ranks" "$FAINTWEB" "$command" "$campaign" "${settings[@]}" --set "output=$folder" "$@"
}

expect_code 0 files.log faintweb_on 1 simulate files
expect_code 0 memory.log faintweb_on 2 run memory --set train.source=simulate
expect_line memory.log 'simulate: 0 training and 2 test skies'
# A rank makes whole skies, each of four fields.
expect_line memory.log 'train: fields per rank: rank 0: ([048]|12), rank 1: ([048]|12)$'
expect_line memory.log 'best threshold finder .*: A_s '
[[ -z $(find memory/skies/train -type f) ]] || fail "training skies were written"
[[ -s memory/skies/test/noise_00001.fits ]] || fail "the test skies are missing"

for ranks in 1 2 4; do
    expect_code 0 files.log faintweb_on "$ranks" train files
    expect_code 0 memory.log faintweb_on "$ranks" train memory --set train.source=simulate
    cmp files/model.safetensors memory/model.safetensors || fail "another model with $ranks ranks"
    cmp files/history.csv memory/history.csv || fail "other losses with $ranks ranks"
done
expect_code 0 memory.log faintweb_on 4 train memory --set train.source=simulate --set parallel.dedicated_rank0=true
expect_line memory.log 'train: fields per rank: rank 0: 0, rank 1'

# The threshold finder is tuned on the same skies.
expect_code 0 files.log faintweb_on 1 evaluate files
expect_code 0 memory.log faintweb_on 1 evaluate memory --set train.source=simulate
cmp files/evaluation.json memory/evaluation.json || fail "another evaluation"

# Where the skies come from changes no result: nothing is done anew, but skies that are not there are written.
expect_code 0 memory.log faintweb_on 1 run memory --set train.source=simulate
expect_code 0 again.log faintweb_on 1 run memory --set train.source=simulate
[[ $(grep -c skipped again.log) -eq 4 ]] || { cat again.log; fail "a repeat did not skip all stages"; }
expect_code 0 again.log faintweb_on 1 run memory
cmp files/skies/train/noise_00002.fits memory/skies/train/noise_00002.fits || fail "other skies"
expect_code 0 again.log faintweb_on 1 run memory --set train.source=simulate
[[ $(grep -c skipped again.log) -eq 4 ]] || { cat again.log; fail "files that are no longer needed were missed"; }
# Files of other settings are not taken for those of these.
expect_code 0 again.log faintweb_on 1 run memory --set train.source=simulate --set seed=8
expect_code 0 again.log faintweb_on 1 run memory --set seed=8
cmp -s files/skies/train/noise_00002.fits memory/skies/train/noise_00002.fits && fail "skies of another seed were kept"

# Ready maps: what is opened is what will be shown, whichever stages the file lists.
maps=(--set sky.source=fits --set "sky.maps=[ready.fits]" --set "sky.test_maps=[other.fits]")
cp files/skies/train/sky_00000.fits ready.fits
cp files/skies/train/sky_00001.fits other.fits
expect_code 0 files.log faintweb_on 1 simulate ready_files "${maps[@]}"
rm other.fits # no test sky is made from here on
for ranks in 1 2; do
    expect_code 0 files.log faintweb_on "$ranks" train ready_files "${maps[@]}"
    expect_code 0 memory.log faintweb_on "$ranks" train ready_memory "${maps[@]}" --set train.source=simulate
    cmp ready_files/model.safetensors ready_memory/model.safetensors || fail "another model of ready maps with $ranks ranks"
done
# A copy among the test maps is refused by each stage, though none makes both sets.
cp ready.fits copy.fits
for stage in simulate train; do
    expect_code 2 log faintweb_on 1 "$stage" copied "${maps[@]}" --set "sky.test_maps=[copy.fits]" --set train.source=simulate
    expect_line log 'test_maps.0. is the same as sky.maps.0.'
done
rm ready.fits copy.fits
expect_code 0 files.log faintweb_on 1 train ready_files "${maps[@]}"
expect_code 0 dry.log faintweb_on 1 train ready_files "${maps[@]}" --dry-run
sed 's/^stages: .*/stages: [train]/' "$campaign" >training.yaml
# missing RANKS N ARGUMENTS...: refused in N lines, one for each list of maps.
missing() {
    local ranks=$1 n=$2
    shift 2
    expect_code 2 log on_ranks "$ranks" "$FAINTWEB" "$@" training.yaml "${maps[@]}" --set output=none
    [[ $(grep -c 'maps.0. cannot be read' log) -eq $n ]] || { cat log; fail "other than $n lines for: $*"; }
    if grep -q MPI_ABORT log; then fail "ranks were killed for: $*"; fi
}
missing 1 1 run --set train.source=simulate --check
missing 2 1 run --set train.source=simulate
missing 2 2 simulate

expect_code 0 dry.log "$FAINTWEB" run "$campaign" --set output=dry --set train.source=simulate --dry-run
expect_line dry.log '^simulate: 0 training and 2 test skies of 240 x 240 px, 1 MB on disk, 7 MB of memory per rank, about .* of one core'
expect_line dry.log '^train: 3 training skies of 240 x 240 px are made in memory, up to 7 MB per rank, nothing on disk, about .* of one core'
# Ready maps have no boxes, whose maps take most of that.
expect_code 0 dry.log "$FAINTWEB" run "$campaign" "${maps[@]}" --set "sky.maps=[files/skies/train/sky_00000.fits]" \
    --set "sky.test_maps=[files/skies/train/sky_00001.fits]" --set output=dry --set train.source=simulate --dry-run
expect_line dry.log '^train: 3 training skies are made in memory, up to 1 MB per rank'
echo "one model from files and from memory"
