#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Every odd or broken file is processed or refused with its reason; never a crash. Those that hold an
# image are processed once the facts that their headers lack are given.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
data=${FAINTWEB_SHARED_DATA:-$source_dir/../shared/data}/hostile
if [[ ! -d $data ]]; then
    echo "SKIPPED: no folder $data"
    exit 77
fi
model=$source_dir/config/models/askap.safetensors
facts=(--force-beam 10 --force-unit Jy/beam --force-pixel 9.6)

for ranks in 1 3; do
    expect_code 3 all.log on_ranks "$ranks" "$FAINTWEB" detect -m "$model" -o all.h5 "${facts[@]}" "$data"/*
    expect_line all.log 'fields?, .* tiles: '
    digest_in all.log >digest_$ranks
done
cmp digest_1 digest_3 || fail "1 and 3 ranks gave different digests"
# One line per refused file.
n_files=$(find "$data" -type f | wc -l)
n_refused=$(grep -c 'not used: ' all.log)
echo "$n_files files, $n_refused refused"
[[ $n_refused -gt 0 && $n_refused -lt $n_files ]] || fail "all or none of the files were refused"

usable=(astropy-m13_rice astropy-m13_gzip astropy-scale astropy-compressed_with_nan aegean-MultiHDU
    aegean-1904-66_SIN.lb purify-M31_256)
for name in "${usable[@]}"; do
    expect_code 0 one.log "$FAINTWEB" detect -m "$model" -o one.h5 --overwrite "${facts[@]}" "$data/$name.fits"
    grep -q "not used: .*$name" all.log && fail "$name was refused among the others"
done
exit 0
