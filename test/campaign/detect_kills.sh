#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# detect_kills.sh [CAMPAIGNS [SEED]]: detections on one, two or four ranks whose ranks, or mpirun, are killed at
# random times, at most twice each; let finish on any number of ranks and threads, each gives the digest of one that nothing
# befell, and leaves nothing but its catalogue.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
# shellcheck source=test/campaign/detect_runs.sh
source "$(dirname "${BASH_SOURCE[0]}")/detect_runs.sh"
n_campaigns=${1:-10} seed=${2:-$RANDOM}
RANDOM=$seed
echo "$n_campaigns campaigns, seed $seed"
make_maps 1400 1000

undisturbed
# Kills fall within the time of a run under mpirun, which takes longer to begin.
begin=$(date +%s%3N)
ends_with 0 2 first
whole_ms=$(($(date +%s%3N) - begin))
[[ $(digest_in first.log) == "$wanted" ]] || fail "two undisturbed runs have different digests"
echo "undisturbed: $whole_ms ms, digest $wanted"

# set_ways: other ranks, threads, scatter and MPI-IO for the next start.
set_ways() {
    local all_ranks=(1 2 4) all_scatters=(pixels windows) all_io=(ompio romio321)
    ranks=${all_ranks[RANDOM % 3]} scatter=${all_scatters[RANDOM % 2]} threads=$((1 + RANDOM % 3))
    ways=(--set "parallel.scatter=$scatter" --set "parallel.threads=$threads")
    export OMPI_MCA_io=${all_io[RANDOM % 2]}
}

n_kills=0 n_unfinished=0
for ((campaign = 1; campaign <= n_campaigns; ++campaign)); do
    rm -rf out
    for ((left = 1 + RANDOM % 2; left > 0; --left)); do
        set_ways
        victim=$((RANDOM % (ranks + 1))) after_ms=$((RANDOM % whole_ms))
        start "$ranks" out "${ways[@]}"
        sleep "$((after_ms / 1000)).$(printf '%03d' $((after_ms % 1000)))"
        who="rank $victim" process=$(rank_of out $victim)
        # The last number is mpirun's, who is the one to kill where there are no ranks yet or any more, too.
        [[ -n $process ]] || who=mpirun process=$job
        kill -KILL "$process" 2>/dev/null || who="$who, too late"
        code=0
        wait "$job" || code=$?
        job=
        nobody_is_left out
        n_kills=$((n_kills + 1))
        [[ ! -e out/cat.run ]] || n_unfinished=$((n_unfinished + 1))
        echo "campaign $campaign, $ranks ranks, $threads threads, $scatter, $OMPI_MCA_io: killed $who after $after_ms ms, exit code $code," \
            "$(find out -name 'shard_*' 2>/dev/null | wc -l) shards, $(find out -name 'cat.h5' 2>/dev/null | wc -l) catalogues"
        if [[ -e out/cat.h5 ]]; then
            expect_code 0 log "$FAINTWEB" info out/cat.h5
            expect_line log "^digest +$wanted$"
        fi
    done
    set_ways
    finish "$ranks" out "${ways[@]}"
done
echo "$n_kills kills, $n_unfinished of them left a run unfinished"
[[ $n_unfinished -gt 0 ]] || fail "no kill met a run"
