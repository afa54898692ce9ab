#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# tiny_boxes.sh FOLDER: makes the boxes of tiny.yaml anew, on two ranks, for all tests that begin with them.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
rm -rf "$1"
expect_code 0 log on_ranks 2 "$FAINTWEB" run "$source_dir/test/campaign/tiny.yaml" --set stages=[simulate] --set output=out --set "boxes.folder=$1"
expect_line log ' 8 of 8 box states are not in '
expect_code 0 log on_ranks 1 "$FAINTWEB" simulate "$source_dir/test/campaign/tiny.yaml" --set output=again --set "boxes.folder=$1"
! grep -q 'making them' log || { cat log; fail "boxes were made again"; }
diff -r out/skies again/skies || fail "kept boxes give other skies"
