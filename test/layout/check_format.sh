#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Every C++ file is as clang-format 14 (Debian 12) writes it; other versions write some lines otherwise.
# Exit 77 (skipped) where there is none.
set -euo pipefail
cd "$1"
clang_format=$(command -v clang-format-14 || command -v clang-format || true)
if [[ -z $clang_format || $("$clang_format" --version) != *" version 14."* ]]; then
    echo "skipped: clang-format 14 is not installed (bash jobs/setup.sh installs it on Debian 12)"
    exit 77
fi
mapfile -d '' -t files < <(find apps lib mpi test -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) -print0)
[[ ${#files[@]} -gt 0 ]] || { echo "no C++ files below $PWD"; exit 1; }
"$clang_format" --dry-run --Werror "${files[@]}" ||
    { echo "not formatted (above); run: clang-format -i FILE"; exit 1; }
echo "${#files[@]} files"
