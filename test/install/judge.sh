#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# judge.sh PREFIX SOURCES: the program below PREFIX classifies a map of SOURCES with a model that was installed beside it.
set -euo pipefail
prefix=$1 sources=$2
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
fail() {
    echo "FAILED: $*"
    exit 1
}
cp "$sources/test/data/nvss-toothbrush.fits" "$elsewhere/map.fits"
cd "$elsewhere"

libraries=$(env -i ldd "$prefix/bin/faintweb")
[[ $libraries != *"not found"* ]] || fail "a library is missing: $(grep 'not found' <<<"$libraries")"
if strays=$(grep -E 'lib(torch|c10|cudart|cupti)' <<<"$libraries" | grep -v " => $prefix/"); then
    fail "a library is not the installed one: $strays"
fi
[[ -z $(find "$prefix/lib/faintweb" -name 'libtorch_cuda*' -o -name 'libcudnn*' -o -name 'libcublas*') ]] ||
    fail "libraries of CUDA were installed with a program for the CPU"
for file in models/nvss.safetensors campaigns/demo.yaml; do
    [[ -s $prefix/share/faintweb/$file ]] || fail "share/faintweb/$file is missing"
done
[[ -s $prefix/share/doc/faintweb/README.md ]] || fail "the README is missing"
env -i "$prefix/bin/faintweb" detect --model "$prefix/share/faintweb/models/nvss.safetensors" -o catalogue.h5 map.fits ||
    fail "detect ended with $?"
[[ -s catalogue.h5 ]] || fail "detect left no catalogue"
