#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# What has to hold on a machine with a GPU, from a bundle of jobs/bundle.sh and this folder's clone:
#
#     bash jobs/gpu-check.sh BUNDLE [OUTPUT]
#
# The GPU tests; training of one campaign on the CPU, on the GPU with NCCL at one rank, and by two ranks
# on the same GPU that sum on the host: the same losses; two ranks on one GPU refused by NCCL; tiles/s
# beside plain PyTorch. Then the speed of detect: of the network alone, of fields that go to the GPU and
# back, and of whole catalogues, which are the same for one rank and two. Ends with 0 if all of it holds.
set -euo pipefail
[[ $# -ge 1 && -x $1/run ]] || { echo "usage: bash jobs/gpu-check.sh BUNDLE [OUTPUT]; make BUNDLE with jobs/bundle.sh" >&2; exit 2; }
bundle=$(cd "$1" && pwd)
output=${2:-results/gpu-check}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$output"
output=$(cd "$output" && pwd)
status=0
check() { if [[ $2 -eq 0 ]]; then echo "holds: $1"; else echo "FAILS: $1"; status=1; fi; }
same_losses() { # A B: within 1e-3 of one another in every epoch
    paste -d, "$1/history.csv" "$2/history.csv" |
        awk -F, 'NR > 1 { d = $4 / $14 - 1; n += 1; if (d > 1e-3 || d < -1e-3) bad = 1 } END { exit bad || n == 0 }'
}

nvidia-smi -L
"$bundle/run" test_infer_gpu && code=0 || code=$?
check "the GPU tests" "$code"

settings=(--set simulate.folder="$output/skies" --set boxes.folder="$output/boxes" --set train.network=cosmodeep
    --set train.epochs=3 --set train.learning_rate=3e-4 --set train.warmup_epochs=0 --set train.final_rate=1 --set train.joint=false
    --set train.validation_skies=0 --set train.choose_threshold=false)
"$bundle/run" -n "$(($(nproc) < 8 ? $(nproc) : 8))" faintweb simulate config/demo.yaml "${settings[@]}" --set output="$output/cpu" --set parallel.threads=1
train() { # FOLDER RANKS ARGUMENTS...
    local folder=$1 ranks=$2
    shift 2
    "$bundle/run" -n "$ranks" faintweb train config/demo.yaml "${settings[@]}" --set output="$output/$folder" --profile "$@"
}
train cpu 1 --set parallel.device=cpu
train nccl 1 --set parallel.device=cuda --set parallel.reducer=nccl
same_losses "$output/cpu" "$output/nccl" && code=0 || code=$?
check "one rank with NCCL has the losses of the CPU" "$code"
for reducer in mpi shared; do
    train $reducer 2 --set parallel.device=cuda --set parallel.reducer=$reducer
    same_losses "$output/cpu" "$output/$reducer" && code=0 || code=$?
    check "two ranks on one GPU that sum by $reducer have them too" "$code"
done
if [[ $(nvidia-smi -L | wc -l) -eq 1 ]]; then
    train refused 2 --set parallel.device=cuda --set parallel.reducer=nccl >"$output/refused.log" 2>&1 && code=0 || code=$?
    [[ $code -eq 2 ]] && grep -q 'share one GPU' "$output/refused.log" && code=0 || code=1
    check "two ranks on one GPU are refused by NCCL in one line" "$code"
fi

# Open MPI of the bundle for the benchmark; its peers need only this machine's PyTorch.
"$bundle/run" --environment >"$output/environment"
(set -a; source "$output/environment"; python3 test/bench/training.py "$bundle/bin/bench_training" 3 300 cuda) && code=0 || code=$?
check "the benchmark of training ran" "$code"
"$bundle/run" bench_gpu_fields && code=0 || code=$?
check "the benchmark of fields ran" "$code"

# The noise maps again and again, from files that are in memory by the second run.
maps=$(ls "$output"/skies/*/noise_*.fits | awk '{ all = all (NR > 1 ? "," : "") $0 } END { for (i = 0; i < 30; ++i) printf "%s%s", (i ? "," : ""), all }')
detect() { # FOLDER RANKS ARGUMENTS...
    local folder=$1 ranks=$2
    shift 2
    rm -rf "${output:?}/$folder"
    "$bundle/run" -n "$ranks" faintweb detect config/demo.yaml --set output="$output/$folder" --set detect.maps="[$maps]" \
        --set detect.model="$output/nccl/model.safetensors" --set detect.exports=[] --set detect.pictures=false \
        --set parallel.device=cuda --set parallel.scatter=windows --profile "$@" | tee "$output/$folder.log"
}
for precision in fp32 bf16; do
    detect "detect-$precision" 1 --set detect.precision=$precision
    detect "detect-$precision-again" 2 --set detect.precision=$precision --set parallel.scatter=pixels
    cmp <(grep ^digest "$output/detect-$precision.log") <(grep ^digest "$output/detect-$precision-again.log") && code=0 || code=$?
    check "one rank and two have the same catalogue in $precision" "$code"
done
exit $status
