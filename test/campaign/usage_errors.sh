#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Wrong campaigns and command lines: one line that says where, what and what to do; exit code 2.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"

# refused LINE PATTERN: a campaign whose last line is LINE.
refused() {
    printf 'name: x\noutput: out\nstages: [simulate]\nsimulate: {n_train: 0, n_test: 0}\n%s\n' "$1" >bad.yaml
    expect_code 2 log "$FAINTWEB" run bad.yaml
    expect_line log "$2"
    [[ $(wc -l <log) -eq 1 ]] || { cat log; fail "more than one line for: $1"; }
}
refused 'sed: 3' 'bad.yaml:5:1: .*sed.*did you mean .*seed'
refused 'train: {epochs: many}' 'bad.yaml:5:17: '
refused 'train: {epochs: 0}' 'bad.yaml:5:17: .*(range|\[1, )'
expect_code 2 log "$FAINTWEB" run "$source_dir/test/campaign/tiny.yaml" --check --set 'simulate.slabs=[3, 4]'
expect_line log 'simulate.slabs names slab 4 \(the sky has 4, the first is 0\), name one of them'
expect_code 2 log "$FAINTWEB" run nowhere.yaml
expect_line log 'nowhere.yaml'

printf 'name: x\noutput: out\nstages: [detect]\ndetect:\n  maps: [missing.fits]\n  model: missing.safetensors\n' >bad.yaml
expect_code 2 log "$FAINTWEB" run bad.yaml
expect_line log 'bad.yaml:5:10: .*missing.fits'

# All ranks leave alike, and one speaks.
expect_code 2 log on_ranks 4 "$FAINTWEB" run bad.yaml
[[ $(grep -c 'bad.yaml:5:10' log) -eq 1 ]] || { cat log; fail "one rank must speak"; }

for arguments in "" "fly" "run" "detect" "detect map.fits" "detect -o cat.h5 map.fits" "export cat.h5"; do
    # shellcheck disable=SC2086
    expect_code 2 log "$FAINTWEB" $arguments
    [[ $(wc -l <log) -eq 1 ]] || { cat log; fail "more than one line for: faintweb $arguments"; }
done

# Where nothing can be written, nothing is begun.
for place in output boxes.folder; do
    for command in run simulate; do
        expect_code 2 log on_ranks 2 "$FAINTWEB" "$command" "$source_dir/test/campaign/tiny.yaml" --set output=out --set "$place=/dev/full/x"
        [[ $(grep -c ' E rank ' log) -eq 1 ]] || { cat log; fail "other than one line for $command with $place"; }
        expect_line log 'rank 0: cannot make the folder /dev/full/x.*: Not a directory, choose another$'
    done
done
expect_code 2 log "$FAINTWEB" train "$source_dir/test/campaign/tiny.yaml" --set output=/dev/full/x
[[ $(wc -l <log) -eq 1 ]] || { cat log; fail "more than one line for train"; }

# A variable of the shell that is not set.
for command in info run export; do
    expect_code 2 log "$FAINTWEB" "$command" ''
done
expect_code 2 log "$FAINTWEB" info ''
expect_line log 'info: .* is empty, give a value or leave it out$'
[[ ! -e results ]] || fail "an empty name began a campaign"

expect_code 0 log "$FAINTWEB" --help
expect_code 0 log "$FAINTWEB" --version
expect_line log '^faintweb [0-9.]+ \(LibTorch 2'
expect_code 0 defaults.yaml "$FAINTWEB" --dump-defaults
expect_code 0 log "$FAINTWEB" run "$source_dir/config/demo.yaml" --check
expect_code 0 log "$FAINTWEB" run "$source_dir/config/demo.yaml" --dry-run
expect_line log '^detect: [0-9]+ fields, [0-9]+ tiles'
