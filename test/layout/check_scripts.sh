#!/usr/bin/env bash
# Every shell script parses (bash -n).
set -euo pipefail
cd "$1"
mapfile -d '' -t scripts < <(find .ci jobs test -type f \( -name '*.sh' -o -name '*.sbatch' -o -path '.ci/run' \) -print0)
[[ ${#scripts[@]} -gt 0 ]] || { echo "no scripts below $PWD"; exit 1; }
status=0
for script in "${scripts[@]}"; do
    bash -n "$script" || status=1
done
echo "${#scripts[@]} scripts"
exit $status
