#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# In a Slurm step that tells its tasks nothing of each other, as a shell in srun without PMIx or a container in
# one: what needs no MPI works, and so does detect in a world of one; several such tasks are refused.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
map=$source_dir/test/data/nvss-toothbrush.fits model=$source_dir/config/models/nvss.safetensors
for name in ${!SLURM_*} ${!PMI*} ${!OMPI_COMM*}; do unset "$name"; done
step() {
    env SLURM_JOB_ID=1 SLURM_JOBID=1 SLURM_STEP_ID=0 SLURM_STEPID=0 SLURM_PROCID="$1" SLURM_NODELIST=localhost \
        SLURM_STEP_NODELIST=localhost SLURM_STEP_NUM_TASKS="$2" "${@:3}"
}
detect() { "$@" "$FAINTWEB" detect -m "$model" "$map" --export csv -o cat.h5; }

expect_code 0 log detect env
wanted=$(digest_in log)
rm cat.*
expect_code 0 log detect step 0 1
[[ ${#wanted} -eq 64 && $(digest_in log) == "$wanted" ]] || { cat log; fail "another digest than $wanted"; }

# quiet TASKS ARGUMENTS...: works, and has no word from MPI.
quiet() {
    expect_code 0 log step 0 "$1" "$FAINTWEB" "${@:2}"
    ! grep -qi 'mpi_init\|ompi' log || { cat log; fail "MPI has something to say of $2"; }
}
for tasks in 1 4; do
    quiet "$tasks" --version
    quiet "$tasks" --help
    quiet "$tasks" detect --help
    quiet "$tasks" --dump-defaults
    for file in "$map" "$model" cat.h5; do quiet "$tasks" info "$file"; done
    quiet "$tasks" export cat.h5 --csv "again_$tasks.csv"
    cmp cat.csv "again_$tasks.csv" || fail "another CSV"
    quiet "$tasks" picture cat.h5 -o "pictures_$tasks"
    quiet "$tasks" run "$source_dir/config/demo.yaml" --check
    quiet "$tasks" run "$source_dir/config/demo.yaml" --dry-run
done
# Nodes alone, as a container may see them.
expect_code 0 log env SLURM_NODELIST=node "$FAINTWEB" detect -m "$model" "$map" --export csv -o other.h5
[[ $(digest_in log) == "$wanted" ]] || fail "another digest than $wanted"

expect_code 2 log step 1 4 "$FAINTWEB" detect -m "$model" "$map" -o no.h5
expect_line log 'one of 4 tasks of a Slurm step .*srun --mpi=pmix'
[[ $(wc -l <log) -eq 1 && ! -e no.h5 ]] || { cat log; fail "four tasks would each do all"; }

# Of ranks that mpirun has started, in a step or not, one speaks and one writes.
expect_code 0 log on_ranks 3 env SLURM_STEP_NUM_TASKS=4 "$FAINTWEB" --version
[[ $(grep -c '^faintweb ' log) -eq 1 ]] || { cat log; fail "other than one rank has spoken"; }
expect_code 0 log on_ranks 3 "$FAINTWEB" export cat.h5 --csv again.csv
[[ $(grep -c 'wrote again.csv' log) -eq 1 ]] || { cat log; fail "other than one rank has written"; }
expect_code 2 log on_ranks 3 "$FAINTWEB" detect
[[ $(grep -c 'nothing to classify' log) -eq 1 ]] || { cat log; fail "other than one rank has spoken"; }
