#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Every shell script parses (bash -n), and shellcheck has no warning where it is installed.
set -euo pipefail
cd "$1"
mapfile -d '' -t scripts < <(find .ci jobs test -type f \( -name '*.sh' -o -name '*.sbatch' -o -path '.ci/run' \) -print0)
[[ ${#scripts[@]} -gt 0 ]] || { echo "no scripts below $PWD"; exit 1; }
status=0
for script in "${scripts[@]}"; do
    bash -n "$script" || status=1
done
if command -v shellcheck >/dev/null; then
    shellcheck --severity=warning --external-sources --source-path=SCRIPTDIR "${scripts[@]}" || status=1
else
    echo "shellcheck is not installed: the scripts were only parsed (bash test/run.sh installs it)"
fi
echo "${#scripts[@]} scripts"
exit $status
