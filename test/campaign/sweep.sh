#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# A sweep of two trainings, each looked at twice, gives one table on one, two and four ranks, whichever
# group trains what; finished trainings are skipped, also after a kill, and a failing one stops no other.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
take_boxes
cat "$source_dir/test/campaign/tiny.yaml" - >campaign.yaml <<'END'
parallel:
  threads: 1
sweep:
  variants:
    - {name: faint, train.network: cosmodeep_spp, train.batch_size: 8}
    - {name: paper, train.network: cosmodeep, train.scaling: paper}
  learning_rate: [1e-3]
  epochs: [12, 5]
  reference: faint
END

sweep_on() {
    local ranks=$1 folder=$2
    shift 2
    on_ranks "$ranks" "$FAINTWEB" sweep campaign.yaml --set "output=$folder" --set simulate.folder=skies "$@"
}
# The table without the wall time, its last column.
table() { sed 's/,[^,]*$//' "$1/sweep.csv"; }
same_table() { cmp <(table one) <(table "$1") || { diff <(table one) <(table "$1"); fail "another table: $2"; }; }
trained() { sed -n 's/.* sweep: \(.*\) ([12] of 2)$/\1/p' "$1" | sort | tr '\n' ' '; }

expect_code 0 dry.log sweep_on 1 one --dry-run
expect_line dry.log '^sweep: 2 trainings of 24 epochs in all, 4 evaluations, groups of 1 rank$'
[[ ! -e one && ! -e skies ]] || fail "a dry run wrote something"

# The studies that come with the program.
for study in 'paper 85 120' 'paper-small 51 72' 'paper-grid 45 180' 'paper-grid-small 18 72' 'ablation 22 40'; do
    read -r name n_trainings n_evaluations <<<"$study"
    expect_code 0 dry.log "$FAINTWEB" sweep "$source_dir/config/$name.yaml" --dry-run
    expect_line dry.log "^sweep: $n_trainings trainings of .*, $n_evaluations evaluations"
done
# Joint trainings hold cells above all thresholds that the sweep lists.
expect_line dry.log '^train: .* 1417 MB of memory over all ranks'

expect_code 2 log "$FAINTWEB" run campaign.yaml --check
expect_line log 'campaign.yaml:[0-9]+:1: the sweep names other trainings than run makes .* use faintweb sweep'

expect_code 2 log "$FAINTWEB" train "$source_dir/test/campaign/tiny.yaml" --check --set train.joint=true --set 'sweep.min_pixels=[9, 4]'
expect_line log 'sweep.min_pixels names label rules for train.joint \(they moved to label.rules\), give label: \{rules: \[\{min_pixels: 9, '

expect_code 0 one.log sweep_on 1 one
expect_line one.log '^sweep: 2 trainings, 0 finished before and unchanged, skipped'
expect_line one.log '^sweep: 2 runs of 2 trainings, 0 runs without a model; results are in one$'
expect_line one.log '\| threshold finder \(.*sigma\)'
[[ $(trained one.log) == "faint_lr0.001 paper_lr0.001 " ]] || fail "not both were trained"
head -n 1 one/sweep.csv | grep -q ',A_s,W_s,W_v,reliability' || fail "the table lacks a ratio"
[[ $(wc -l <one/sweep.csv) -eq 5 ]] || fail "the table has other than four rows"
# Rows that are all alike would say nothing of what follows.
[[ $(cut -d, -f16-19 one/sweep.csv | sort -u | wc -l) -ge 4 ]] || { cat one/sweep.csv; fail "models score alike"; }
for file in sweep.h5 table2.md finders.json runs/paper_lr0.001/campaign.yaml runs/paper_lr0.001/model_epoch_5.safetensors; do
    [[ -s one/$file ]] || fail "one/$file is missing"
done
for ranks in 2 4; do
    expect_code 0 log sweep_on "$ranks" "on_$ranks"
    same_table "on_$ranks" "$ranks ranks"
    cmp one/table2.md "on_$ranks/table2.md" || fail "another report with $ranks ranks"
done
# Two ranks of three make a group, the third waits; a group's sums are in another order.
expect_code 0 log sweep_on 3 pair --set sweep.group_size=2
[[ $(trained log) == "faint_lr0.001 paper_lr0.001 " ]] || fail "a group of two did not train both"
expect_code 0 log sweep_on 4 pairs --set sweep.group_size=2
cmp <(table pair) <(table pairs) || fail "another table with another number of groups"

# What a training of its own gives is what the sweep gave.
expect_code 0 log on_ranks 1 "$FAINTWEB" train one/runs/faint_lr0.001/campaign.yaml --set output=alone
cmp alone/model.safetensors one/runs/faint_lr0.001/model.safetensors || fail "another model outside the sweep"
expect_code 0 log on_ranks 1 "$FAINTWEB" evaluate one/runs/faint_lr0.001/campaign.yaml --set output=alone
want=$(awk -F, '$1 == "faint_lr0.001" && $11 == 12 { print $16 "," $17 "," $18 "," $19 }' one/sweep.csv)
have=$(awk -F, 'NR > 1 { for (i = 3; i < 7; ++i) n[i] += $i } END { print n[3] "," n[4] "," n[5] "," n[6] }' alone/evaluation.csv)
[[ $want == "$have" ]] || fail "evaluate counts $have, the sweep $want"
# How right its probabilities are is the same for any number of ranks.
expect_line log '^expected calibration error 0\.[0-9]+ over [0-9]+ tiles'
n_tiles=$(awk -F, 'NR > 1 { n += $1 } END { print n }' alone/evaluation_reliability.csv)
expect_line log "over $n_tiles tiles of a probability above 0.01$"
mv alone/evaluation_reliability.csv one_rank.csv
expect_code 0 log on_ranks 2 "$FAINTWEB" evaluate one/runs/faint_lr0.001/campaign.yaml --set output=alone
cmp one_rank.csv alone/evaluation_reliability.csv || fail "another reliability on two ranks"

# Finished trainings are skipped; a longer list does what is new.
cp one/sweep.csv before.csv
expect_code 0 log sweep_on 2 one
expect_line log '^sweep: 2 trainings, 2 finished before and unchanged, skipped'
[[ -z $(trained log) ]] || fail "a repeat trained again"
cmp before.csv one/sweep.csv || fail "a repeat changed the table"

# What evaluate writes in a run's folder is no score of the sweep.
expect_code 0 log on_ranks 1 "$FAINTWEB" evaluate on_2/runs/faint_lr0.001/campaign.yaml
expect_code 0 log sweep_on 2 on_2
same_table on_2 "evaluated in a run's folder"

# A model belongs to the number of ranks that trained it.
expect_code 0 log sweep_on 2 pair
expect_line log '^sweep: 2 trainings, 0 finished before and unchanged, skipped'
same_table pair "groups of another size before"
expect_code 2 log sweep_on 1 few --set sweep.group_size=2
expect_line log 'sweep.group_size is 2 \(there are fewer ranks: 1\), start more ranks or make it smaller'

# What one group alone meets ends the others too.
mkdir -p blocked/runs
: >blocked/runs/faint_lr0.001
code=0
timeout 60 "$MPIRUN" --oversubscribe --bind-to none -n 2 "$FAINTWEB" sweep campaign.yaml --set output=blocked \
    --set simulate.folder=skies >log 2>&1 || code=$?
[[ $code -ne 0 && $code -ne 124 ]] || { cat log; fail "exit code $code with a file in place of a run's folder"; }
expect_line log 'cannot .*blocked/runs/faint_lr0.001.* \[rank . on '

# What is wrong with the machine is no failure of a training.
for ranks in 1 2; do
    expect_code 2 log sweep_on "$ranks" "machine_$ranks" --set parallel.reducer=nccl --set "sweep.group_size=$ranks" --set parallel.device=cpu
    expect_line log "reducer 'nccl' cannot be used"
    [[ -z $(find "machine_$ranks" -name failure.txt) ]] || fail "a reducer that cannot be is recorded as a failed training"
done

# A sweep that is asked to stop ends in order, and the same command goes on.
"$MPIRUN" --oversubscribe --bind-to none -n 2 "$FAINTWEB" sweep campaign.yaml --set output=stopped \
    --set simulate.folder=skies >stopped.log 2>&1 &
job=$!
for ((i = 0; i < 1200; ++i)); do
    if [[ $(trained stopped.log | wc -w) -eq 2 && -s stopped/runs/paper_lr0.001/history.csv ]]; then break; fi
    sleep 0.05
done
kill -USR1 "$job"
code=0
wait "$job" || code=$?
[[ $code -eq 75 ]] || { cat stopped.log; fail "exit code $code instead of 75 after USR1"; }
expect_line stopped.log 'sweep: stopped \(it was asked to\), the same command goes on from there'
if grep -q MPI_ABORT stopped.log; then cat stopped.log; fail "a sweep that was asked to stop aborted"; fi
[[ ! -e stopped/sweep.csv ]] || fail "the sweep had ended before it was stopped"
expect_code 0 log sweep_on 2 stopped
expect_line log 'goes on from the checkpoint after step [1-9]'
same_table stopped "stopped and resumed"

# A sweep that is killed in its second training keeps the first.
"$FAINTWEB" sweep campaign.yaml --set output=killed --set simulate.folder=skies >killed.log 2>&1 &
job=$!
for ((i = 0; i < 1200; ++i)); do
    if grep -q '(2 of 2)' killed.log; then break; fi
    sleep 0.05
done
kill -9 "$job" || true
if wait "$job"; then fail "the sweep ended before it was killed"; fi
expect_code 0 log sweep_on 2 killed
expect_line log '^sweep: 2 trainings, 1 finished before and unchanged, skipped'
[[ $(trained log) == "paper_lr0.001 " ]] || { cat log; fail "other than the training that was killed was repeated"; }
same_table killed "killed and resumed"

# A training that cannot succeed costs itself only, is recorded, and is not tried again. On one rank the
# trainings of a variant share their tiles: the labels of N_pix 9 are made from the tiles of N_pix 4.
settings=(--set "sweep.flux_threshold_jy_arcsec2=[1e-9, 900]" --set "sweep.min_pixels=[4, 9]")
expect_code 3 log sweep_on 1 failing "${settings[@]}"
expect_line log '^sweep: 8 runs of 8 trainings, 4 runs without a model'
[[ $(grep -c 'train: fields per rank' log) -eq 2 ]] || { cat log; fail "fields were read again for other labels"; }
[[ $(grep -c '900,.*cannot train: the training fields hold 0 signal' failing/sweep.csv) -eq 8 ]] || fail "failures are not in the table"
cmp <(table one | cut -d, -f15-25) <(table failing | awk -F, '$5 == 9 && $6 != 900 || NR == 1' | cut -d, -f15-25) || fail "the others differ"
[[ $(grep -cE '\| threshold finder +\| +\| - ' failing/table2.md) -eq 2 ]] || { cat failing/table2.md; fail "a rule without signal is not shown as one without a finder"; }
cmp one/runs/faint_lr0.001/model.safetensors failing/runs/faint_lr0.001_npix9_fth1e-09/model.safetensors || fail "another model of shared tiles"
expect_code 3 log sweep_on 2 failing "${settings[@]}"
expect_line log '^sweep: 8 trainings, 8 finished before and unchanged, skipped'

# One network for four label rules: a training, and a model and a row for each rule.
rules=("sweep.flux_threshold_jy_arcsec2=[1e-9, 2e-9]" "sweep.min_pixels=[4, 9]")
settings=(--set "sweep.variants=[{name: all, train.network: faintweb_fast, train.joint: true, train.validation_skies: 1}]"
    --set "sweep.epochs=[6, 2]" --set sweep.reference=all --set "${rules[0]}" --set "${rules[1]}")
expect_code 0 log sweep_on 1 joint "${settings[@]}"
expect_line log '^sweep: 4 runs of 1 trainings, 0 runs without a model'
[[ $(wc -l <joint/sweep.csv) -eq 9 && $(ls joint/runs) == all_lr0.001 ]] || fail "other than a training with eight rows"
for rule in npix{4,9}_fth{1,2}e-09; do
    for model in model_$rule model_${rule}_epoch_2; do
        expect_code 0 log "$FAINTWEB" info "joint/runs/all_lr0.001/$model.safetensors"
        expect_line log "more than $(sed 's/npix\([0-9]*\)_fth\(.*\)/\1 px above \2/' <<<"$rule")"
    done
    [[ -s joint/runs/all_lr0.001/reliability_$rule.png ]] || fail "no reliability of $rule"
    expect_code 0 log "$FAINTWEB" info "joint/runs/all_lr0.001/model_$rule.safetensors"
    sed -n 's/.*validation.* A_s/A_s/p' log >>scores_of_rules
done
[[ $(wc -l <scores_of_rules) -eq 4 && $(sort -u scores_of_rules | wc -l) -ge 2 ]] ||
    { cat scores_of_rules; fail "the models of a joint training do not tell the scores of their own rules"; }
expect_code 2 log on_ranks 2 "$FAINTWEB" train "$source_dir/test/campaign/tiny.yaml" --set output=unseen --set simulate.folder=skies \
    --set train.joint=true --set 'label.rules=[{min_pixels: 9, flux_threshold_jy_arcsec2: 900}]'
expect_line log 'no training tile is signal under npix9_fth900 \(train.joint'
[[ $(cut -d, -f16-19 joint/sweep.csv | sort -u | wc -l) -ge 6 ]] || { cat joint/sweep.csv; fail "models of different rules score alike"; }
expect_code 0 log sweep_on 2 joint_on_2 "${settings[@]}"
cmp <(table joint) <(table joint_on_2) || fail "another table of one network for all rules on two ranks"
expect_code 0 log sweep_on 1 joint "${settings[@]}"
expect_line log '^sweep: 1 trainings, 1 finished before and unchanged, skipped'
expect_code 0 log sweep_on 2 joint_pair "${settings[@]}" --set sweep.group_size=2
paste -d, <(cut -d, -f4 joint/runs/all_lr0.001/history.csv) <(cut -d, -f4 joint_pair/runs/all_lr0.001/history.csv) |
    awk -F, 'NR > 1 { d = $1 / $2 - 1; n += 1; if (d > 1e-3 || d < -1e-3) bad = 1 } END { exit bad || n < 2 }' || fail "other losses on two ranks"

# Skies that others may need are never thrown away.
expect_code 2 log sweep_on 1 other --set seed=8
expect_line log 'the skies in skies are made from other settings'
[[ -s skies/train/haloes_00000.csv ]] || fail "skies of another campaign were forgotten"

expect_code 0 log on_ranks 2 "$FAINTWEB" evaluate campaign.yaml --set output=seeds --set simulate.folder=skies \
    --set "evaluate.models=[one/runs/faint_lr0.001/model.safetensors, one/runs/faint_lr0.001/model_epoch_5.safetensors]"
expect_line log '^mean of 2 models: A_s 0\.[0-9]+ \+- 0\.[0-9]+, W_s '
expect_line log '^labelling or network. of [0-9]+ tiles 0F'
echo "one table"
