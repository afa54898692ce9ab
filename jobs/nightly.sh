#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Classifies the maps that are new in a folder, for instance from cron:
#
#     0 20 * * *  bash CLONE/jobs/nightly.sh WATCH_FOLDER OUTPUT_FOLDER [-- ARGUMENTS OF faintweb detect]
#
# New is a map (*.fits, *.fit, *.fits.gz, *.fits.fz) that no night has had with this path, size and time of
# change. The new ones make one night, the folder OUTPUT_FOLDER/DATE: maps.txt is their list, maps.stamps what
# they were, catalogue.h5 the result. A night without `done` goes on first. To have a night's maps done again,
# remove its folder.
#
# Each night is one job of jobs/nightly.sbatch, through sbatch if it is there (partition and account as in
# SBATCH_PARTITION and SBATCH_ACCOUNT), else here. FAINTWEB_SUBMIT= runs it here in any case.
set -euo pipefail
say() { echo "nightly: $*"; }
if [[ $# -lt 2 || (-n ${3:-} && $3 != --) ]]; then
    say "usage: bash jobs/nightly.sh WATCH_FOLDER OUTPUT_FOLDER [-- ARGUMENTS]" >&2
    exit 2
fi
[[ -d $1 ]] || { say "there is no folder $1" >&2; exit 2; }
watch=$(realpath "$1")
mkdir -p "$2"
output=$(realpath "$2")
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
submit=${FAINTWEB_SUBMIT-$(command -v sbatch || true)}

# The file stays: removed, it could be one that another nightly.sh has just opened.
exec 9>>"$output/.nightly.lock"
code=0
flock --nonblock 9 || code=$?
if [[ $code -eq 1 ]]; then
    say "another nightly.sh is at work in $output"
    exit 0
elif [[ $code -ne 0 ]]; then
    say "the file system of $output has no locks, see to it that no other nightly.sh works there" >&2
fi

# One line "SIZE TIME PATH" per map. Exports of ours may lie below the watched folder; hidden files are
# copies under way.
stamps_of_maps() {
    find -L "$watch" -samefile "$output" -prune -o -type f ! -name '.*' ! -path $'*\n*' \
        \( -iname '*.fits' -o -iname '*.fit' -o -iname '*.fits.gz' -o -iname '*.fits.fz' \) -printf '%s %T@ %p\n' |
        LC_ALL=C sort || say "some of $watch could not be read" >&2
}
known_stamps() { find "$output" -mindepth 2 -maxdepth 2 -name maps.stamps -exec cat {} + | LC_ALL=C sort -u; }

# A folder gets its name when it is whole.
new=$output/.new
rm -rf "$new"
mkdir "$new"
LC_ALL=C comm -23 <(stamps_of_maps) <(known_stamps) >"$new/maps.stamps"
cut -d ' ' -f 3- "$new/maps.stamps" | LC_ALL=C sort >"$new/maps.txt"
if [[ -s $new/maps.txt ]]; then
    date=$(date +%F) night=$(date +%F)
    for ((n = 2; ; ++n)); do
        [[ -e $output/$night ]] || break
        night=$date-$n
    done
    mv -T "$new" "$output/$night"
else
    rm -rf "$new"
fi

# Whether the job of a night still waits or runs.
has_job() { [[ -s $1/job && -n $(squeue --noheader --jobs "$(<"$1/job")" 2>/dev/null || true) ]]; }

worst=0 n_nights=0
for list in "$output"/*/maps.txt; do
    folder=${list%/*}
    [[ -e $list && ! -e $folder/done ]] || continue
    n_nights=$((n_nights + 1))
    code=0
    if [[ -z $submit ]]; then
        bash jobs/nightly.sbatch "$list" "$@" || code=$?
    elif has_job "$folder"; then
        say "$folder is in the hands of job $(<"$folder/job")"
    else
        "$submit" --parsable --output="$folder/log" jobs/nightly.sbatch "$list" "$@" >"$folder/job.new" || code=$?
        if [[ $code -eq 0 ]]; then
            cut -d ';' -f 1 "$folder/job.new" >"$folder/job"
            say "$folder: $(wc -l <"$list") maps, job $(<"$folder/job")"
        fi
        rm -f "$folder/job.new"
    fi
    [[ $code -eq 0 ]] || { say "$folder: exit code $code" >&2; worst=$code; }
done
[[ $n_nights -gt 0 ]] || say "nothing new in $watch"
exit $worst
