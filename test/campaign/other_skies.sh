#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Skies from snapshots of another simulation and from ready maps: shocks shine where the gas is
# shocked, the telescope sees them, any number of ranks makes the same bits, and what cannot be used
# is refused in one line that says where it was named.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
python() { bash "$source_dir/test/ecosystem/run_python.sh" "$source_dir/test/campaign/other_skies.py" "$@"; }
code=0
python make || code=$?
[[ $code -eq 0 ]] || exit $code

common='stages: [simulate]
observation: {beam_fwhm_arcsec: 90, noise_jy_beam: 1e-5}
boxes: {web_map_px: 256, folder: boxes}'
sky='size_px: 320, pixel_arcsec: 60, resolution_arcsec: 300, z_min: 0.1, z_max: 0.125'
cat >snapshots.yaml <<END
name: snapshots
output: out
$common
simulate: {n_train: 2, n_test: 1, layers: true, slabs: [0, 1, 2]}
sky:
  {$sky, xi_e: 0.1, source: hdf5,
  snapshots: [train.h5],
  test_snapshots: [test.h5]}
END
cat >maps.yaml <<END
name: maps
output: maps
$common
simulate: {n_train: 3, n_test: 1}
sky:
  {$sky, source: fits,
  maps: [sky.fits, sky_beam.fits],
  test_maps: [test_sky.fits]}
END

expect_code 0 log "$FAINTWEB" run snapshots.yaml --dry-run
expect_line log '^simulate: 6 of 6 box states are to be made'
for ranks in 1 2; do
    expect_code 0 log on_ranks $ranks "$FAINTWEB" run snapshots.yaml --set output=out_$ranks --set boxes.folder=boxes_$ranks
    expect_code 0 log on_ranks $ranks "$FAINTWEB" run maps.yaml --set output=maps_$ranks
done
diff -r out_1/skies out_2/skies || fail "1 and 2 ranks made different skies of snapshots"
diff -r maps_1/skies maps_2/skies || fail "1 and 2 ranks made different skies of maps"
python judge out_1 maps_1 || fail "the skies are wrong"

# A snapshot that has changed makes new maps and new skies; the others stay.
expect_code 0 log "$FAINTWEB" run snapshots.yaml --set output=out_1 --set boxes.folder=boxes_1
expect_line log 'finished before and unchanged'
touch test.h5
expect_code 0 log "$FAINTWEB" run snapshots.yaml --set output=out_1 --set boxes.folder=boxes_1
expect_line log ' 3 of 6 box states are not in boxes_1'

# So does one of the same size and time that differs after its first MiB.
python twin
expect_code 0 log "$FAINTWEB" run snapshots.yaml --set output=out_1 --set boxes.folder=boxes_1
expect_line log '3 of 6 box states are not in boxes_1'

# Snapshots of one redshift are different universes; one that no slab shows is named.
expect_code 0 log "$FAINTWEB" run snapshots.yaml --dry-run --set simulate.n_test=0 \
    --set 'sky.snapshots=[train.h5, test.h5]'
expect_line log '^simulate: 6 of 6 box states'
expect_code 0 log "$FAINTWEB" run snapshots.yaml --set output=more --set boxes.folder=boxes_1 \
    --set 'sky.snapshots=[train.h5, later.h5]' --set simulate.n_test=0
expect_line log 'later.h5 is not shown'
cmp out_1/skies/train/sky_00001.fits more/skies/train/sky_00001.fits || fail "a snapshot that is not shown changed a sky"

# What a snapshot does not tell is said once, at a check too.
for arguments in --check --dry-run "--set output=shy --set boxes.folder=boxes_shy"; do
    # shellcheck disable=SC2086
    expect_code 0 log "$FAINTWEB" run snapshots.yaml --set simulate.n_test=0 --set 'sky.snapshots=[shy.h5]' $arguments
    [[ $(grep -c 'shy.h5 has no attribute hubble_constant' log) -eq 1 ]] || { cat log; fail "not one warning: $arguments"; }
    ! grep -q omega_matter log || fail "omega_matter is there"
done

# refused PATTERN FILE OVERRIDE...: in one line.
refused() {
    local pattern=$1 file=$2 arguments=()
    shift 2
    for override in "$@"; do
        arguments+=(--set "$override")
    done
    expect_code 2 log "$FAINTWEB" run "$file" "${arguments[@]}"
    expect_line log "$pattern"
    [[ $(wc -l <log) -eq 1 ]] || { cat log; fail "more than one line for: $pattern"; }
}
for name in blind other early lost void heavy; do
    sed "s/train.h5/$name.h5/" snapshots.yaml >$name.yaml
done
refused 'blind.yaml:9:15: .*blind.h5 \(no field temperature' blind.yaml
refused 'other.yaml:9:15: .*its Omega_m is 0.27' other.yaml
refused 'early.yaml:9:15: .*redshift 0.9 is outside' early.yaml
refused 'lost.yaml:9:15: .*lost.h5 \(there is no file' lost.yaml
refused 'sky.test_snapshots is an empty list \(test skies would show what training skies show\)' \
    snapshots.yaml 'sky.test_snapshots=[]'
refused 'sky.test_snapshots\[0\] is among sky.snapshots too' snapshots.yaml 'sky.snapshots=[other.h5, test.h5]' \
    'sky.test_snapshots=[test.h5]'
refused 'no test snapshot has a box of 40 Mpc' snapshots.yaml 'sky.test_snapshots=[small.h5]'
refused 'simulate.slabs names slab 3 \(the sky has 3' snapshots.yaml 'simulate.slabs=[0, 3]'
for name in fine beamless cut; do
    sed "s/test_sky.fits/$name.fits/" maps.yaml >$name.yaml
done
refused 'fine.yaml:10:15: .*fine.fits has pixels of 20 arcsec' fine.yaml
refused 'beamless.yaml:10:15: .*BMAJ, BMIN are missing and neither a BEAMS table nor AIPS HISTORY holds a beam, write it into the header$' beamless.yaml
head -c 20000 test_sky.fits >cut.fits
refused 'cut.yaml:10:15: .*copy it again$' cut.yaml
refused 'sky.test_maps is an empty list' maps.yaml 'sky.test_maps=[]'
refused 'ready maps have neither' maps.yaml 'simulate.slabs=[0]'
# One file is one universe, whatever its names.
ln -s train.h5 link.h5
cp train.h5 copy.h5
cp sky.fits copy.fits
refused 'sky.test_snapshots\[0\] is the same as sky.snapshots\[0\] ' snapshots.yaml 'sky.test_snapshots=[link.h5]'
refused 'sky.test_snapshots\[1\] is the same as sky.snapshots\[0\] ' snapshots.yaml 'sky.test_snapshots=[test.h5, copy.h5]'
refused 'sky.snapshots\[1\] is the same as sky.snapshots\[0\] ' snapshots.yaml 'sky.snapshots=[train.h5, train.h5]'
refused 'sky.test_maps\[0\] is the same as sky.maps\[0\] ' maps.yaml 'sky.test_maps=[copy.fits]'
refused 'sky.maps\[2\] is the same as sky.maps\[0\] ' maps.yaml 'sky.maps=[sky.fits, sky_beam.fits, ./sky.fits]'
# What only the cells show is found when they are read.
expect_code 2 log on_ranks 2 "$FAINTWEB" run void.yaml
expect_line log 'void.yaml:9:15: .*void.h5 \(1 cells of density are not above 0'
expect_code 2 log on_ranks 2 "$FAINTWEB" run heavy.yaml
expect_line log 'heavy.yaml:9:15: .*its mean density is 0.001'
expect_code 2 log on_ranks 2 "$FAINTWEB" run maps.yaml --set output=empty --set 'sky.test_maps=[empty.fits]'
expect_line log '--set: .*empty.fits is no sky \(all of its pixels are blank\)'
# All ranks leave alike, and one speaks.
expect_code 2 log on_ranks 2 "$FAINTWEB" run blind.yaml
[[ $(grep -c 'blind.yaml:9:15' log) -eq 1 ]] || { cat log; fail "one rank must speak"; }
# Test skies alone need no second list.
expect_code 0 log "$FAINTWEB" run maps.yaml --set output=alone --set 'sky.test_maps=[]' --set simulate.n_train=0
[[ -s alone/skies/test/noise_00000.fits ]] || fail "no test sky"
# Blanks of a map stay as they are.
expect_code 0 log "$FAINTWEB" run maps.yaml --set output=holes --set 'sky.test_maps=[holes.fits]' --set simulate.n_train=0
python holes holes || fail "blanks have spread"
