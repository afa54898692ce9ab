#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# One, two and four ranks, one and two threads, each with boxes of its own: the same skies, byte by
# byte, and the same boxes. Another seed gives others; no halo is in both a training and a test sky. Then
# observed_sky.py judges what the telescope did to them.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
campaign=$source_dir/test/campaign/skies.yaml
in_python() { bash "$source_dir/test/ecosystem/run_python.sh" "$@"; }

# sky_files RUN: the paths of all that was written of its skies, below RUN.
sky_files() { (cd "$1" && find out/skies -type f | sort); }

for run in 1,1 1,2 2,1 4,2; do
    mkdir "$run"
    (cd "$run" && expect_code 0 log on_ranks "${run%,*}" "$FAINTWEB" simulate "$campaign" --set "parallel.threads=${run#*,}")
    expect_line "$run/log" '4 of 4 box states are not in boxes'
    [[ $(sky_files "$run") == $(sky_files 1,1) ]] || fail "$run (ranks, threads) wrote other files than 1,1"
    for file in $(sky_files 1,1); do
        cmp "1,1/$file" "$run/$file" || fail "$run (ranks, threads) gave another $file than 1,1"
    done
done
for set in train test; do
    for kind in sky noise rms web inside_r100 outside_r100 column_density haloes point_sources; do
        [[ $(sky_files 1,1 | grep -cE "^out/skies/$set/${kind}_0000[01]\.(fits|csv)$") -eq 2 ]] || fail "not two $set files of $kind"
    done
done

# more RUN KEY=VALUE...: skies from the boxes of 1,1.
more() {
    local run=$1
    shift
    expect_code 0 log "$FAINTWEB" simulate "$campaign" --set boxes.folder=1,1/boxes --set "output=$run/out" "${@/#/--set=}"
    ! grep -q 'making them' log || fail "boxes were made again for $*"
}
more seed seed=8
for kind in sky noise rms; do
    for number in 0 1; do
        ! cmp -s {1\,1,seed}/out/skies/test/${kind}_0000$number.fits || fail "seed 8 gives the $kind of seed 7"
    done
done
! cmp -s 1,1/out/skies/test/sky_0000{0,1}.fits || fail "two test skies are one"

# ids SET: those of its haloes.
ids() { sed -s 1d 1,1/out/skies/"$1"/haloes_*.csv | awk -F, '{ print $NF }' | sort -u; }
head -qn 1 1,1/out/skies/*/haloes_*.csv | grep -qv ',id$' && fail "id is not the last column of the haloes"
[[ $(ids train | wc -l) -ge 5 && $(ids test | wc -l) -ge 5 ]] || fail "too few haloes to compare"
[[ -z $(comm -12 <(ids train) <(ids test)) ]] || fail "a halo is in both a training and a test sky"

more quiet observation.noise_jy_beam=0
more plain observation.sidelobe_level=0 observation.largest_scale_arcsec=0 observation.noise_scatter=0 point_sources.enabled=false
for kind in rms point_sources; do
    [[ -z $(sky_files plain | grep "$kind") ]] || fail "a plain telescope has $kind files"
done
for number in 0 1; do
    cmp {1\,1,plain}/out/skies/test/sky_0000$number.fits || fail "the telescope changes the truth"
done

more slabs 'simulate.slabs=[0, 1]' simulate.layers=false
# expect_images RUN KEY=VALUE...: a dry run knows how many images RUN got, of 0.36 MB each.
expect_images() {
    local n
    n=$(sky_files "$1" | grep -c '\.fits$')
    shift
    expect_code 0 log "$FAINTWEB" run "$campaign" --dry-run "${@/#/--set=}"
    expect_line log "^simulate: 2 training and 2 test skies of 300 x 300 px, $(((n * 36 + 50) / 100)) MB on disk, .* of memory per rank, about .* of one core\$"
}
expect_images 1,1
expect_images slabs 'simulate.slabs=[0, 1]' simulate.layers=false
expect_images plain observation.noise_scatter=0
in_python "$source_dir/test/campaign/same_boxes.py" 1,1/boxes {1\,2,2\,1,4\,2}/boxes
for number in 0 1; do
    in_python "$source_dir/test/campaign/observed_sky.py" {1\,1,plain,quiet}/out/skies/test $number
done
