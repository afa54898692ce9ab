#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# A training that was killed, or asked to stop, goes on and ends with the bytes of one that ran
# through, on one and two ranks; bad checkpoints are passed over; a limit of memory changes nothing.
# N_ROUNDS kills each number of ranks so many times (default 1).
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
take_boxes
campaign=$source_dir/test/campaign/tiny.yaml
settings=(--set simulate.n_train=4 --set train.validation_skies=1 --set train.epochs=12 --set train.choose_threshold=true
    --set train.warmup_epochs=1 --set train.final_rate=0.2 --set train.micro_batch=5 --set train.keep_epochs=[2]
    --set train.checkpoint_every_s=0 --set parallel.threads=1)
expect_code 0 log "$FAINTWEB" simulate "$campaign" "${settings[@]}" --set output=skies

# train RANKS FOLDER ARGUMENTS...
train() {
    local ranks=$1 folder=$2
    shift 2
    mkdir -p "$folder"
    ln -sfn "$work/skies/skies" "$folder/skies"
    # The shell that waits becomes mpirun, so that its number is that of mpirun.
    exec "$MPIRUN" --oversubscribe --bind-to none -n "$ranks" "$FAINTWEB" train "$campaign" "${settings[@]}" --set "output=$folder" "$@"
}
train_to_the_end() { expect_code 0 "$2.log" train_in_shell "$@"; }
train_in_shell() { (train "$@"); }
# same FOLDER OTHER: the models and all that was said of the training.
same() {
    for file in model.safetensors model_epoch_2.safetensors history.csv reliability.csv; do
        cmp "$1/$file" "$2/$file" || fail "$1/$file and $2/$file differ"
    done
    [[ ! -e $2/checkpoints ]] || fail "checkpoints were left in $2"
    [[ -z $(find "$2" -name '*.partial') ]] || fail "a .partial file was left in $2"
}
# wait_for_step FOLDER PATTERN PID: until there is a checkpoint of that step or of one past 99, or the
# training has ended.
wait_for_step() {
    while kill -0 "$3" 2>/dev/null && ! find "$1/checkpoints" -name 'step_*.checkpoint' 2>/dev/null |
        grep -qE "step_0*($2|[1-9][0-9]{2,})\.checkpoint"; do sleep 0.01; done
}
ranks_of() { pgrep -f "^$FAINTWEB train .*output=$1( |\$)" || true; }

for ranks in 1 2; do
    train_to_the_end $ranks whole_$ranks
    [[ $(wc -l <whole_$ranks/history.csv) -eq 13 && -s whole_$ranks/timing.csv && -s whole_$ranks/reliability.png ]] || fail "a table is missing"
    expect_line whole_$ranks.log 'validation skies, more than .*: A_s .* expected calibration error'
    expect_line whole_$ranks.log 'wrote whole_.*/model.safetensors, the weights after epoch [0-9]+$'
    for ((round = 1; round <= ${N_ROUNDS:-1}; ++round)); do
        folder=killed_$ranks
        rm -rf "$folder"
        for kill in 1 2; do
            train "$ranks" "$folder" >"$folder.log" 2>&1 &
            pid=$!
            # The second kill comes at a random time after the first one's last checkpoint.
            if [[ $kill -eq 1 ]]; then wait_for_step "$folder" '[2-9]|[1-9][0-9]' $pid; fi
            sleep "0.$((RANDOM % (kill * 5)))"
            victim=$(ranks_of "$folder" | shuf -n 1)
            [[ -z $victim ]] || kill -KILL "$victim" 2>/dev/null || true
            code=0
            start=$SECONDS
            wait $pid || code=$?
            [[ -z $victim || $code -ne 0 || ! -e $folder/checkpoints ]] || fail "mpirun ended with 0 though rank process $victim was killed"
            [[ $((SECONDS - start)) -le 30 ]] || fail "the other ranks went on for $((SECONDS - start)) s"
            echo "$ranks ranks, kill $kill: exit code $code, $(find "$folder" -name '*.checkpoint' | wc -l) checkpoints"
        done
        train_to_the_end "$ranks" "$folder"
        same whole_$ranks "$folder"
    done
done

# Asked to stop: a checkpoint, exit code 75 on one rank and on two, and the same command goes on.
for ranks in 1 2; do
    folder=stopped_$ranks
    : >$folder.log
    train $ranks $folder >$folder.log 2>&1 &
    pid=$!
    wait_for_step $folder '[2-9]|[1-9][0-9]' $pid
    kill -USR1 $pid
    code=0
    wait $pid || code=$?
    [[ $code -eq 75 ]] || { cat $folder.log; fail "exit code $code instead of 75 after USR1"; }
    expect_line $folder.log 'stopped after step [0-9]+ \(it was asked to\), the same command goes on'
    [[ $(find $folder/checkpoints -name '*.checkpoint' | wc -l) -eq 2 ]] || fail "other than the last two checkpoints"
    train_to_the_end $ranks $folder
    expect_line $folder.log 'goes on from the checkpoint after step [1-9]'
    same whole_$ranks $folder
done

# A damaged checkpoint: cut short, a flipped bit, of another network, of other settings.
stop_early() {
    rm -rf bad
    train 1 bad "$@" >bad.log 2>&1 &
    local pid=$!
    wait_for_step bad '[3-9]|[1-9][0-9]' $pid
    kill -USR1 $pid
    wait $pid || true
    mapfile -t checkpoints < <(find bad/checkpoints -name '*.checkpoint' | sort)
    [[ ${#checkpoints[@]} -eq 2 ]] || { cat bad.log; fail "${#checkpoints[@]} checkpoints"; }
}
stop_early
truncate -s -1000 "${checkpoints[1]}"
train_to_the_end 1 bad
expect_line bad.log "W not gone on from ${checkpoints[1]}: .*it was cut short or changed"
expect_line bad.log 'goes on from the checkpoint after step [1-9]'
same whole_1 bad
stop_early
for checkpoint in "${checkpoints[@]}"; do
    printf '\x55' | dd of="$checkpoint" bs=1 seek=$(($(stat -c %s "$checkpoint") / 2)) conv=notrunc 2>dd.log
done
train_to_the_end 1 bad
[[ $(grep -c 'not gone on from' bad.log) -eq 2 ]] || { cat bad.log; fail "a flipped bit was not seen"; }
same whole_1 bad
for change in train.network=cosmodeep train.learning_rate=1e-4; do
    stop_early --set "$change"
    train_to_the_end 1 bad
    if grep -q 'goes on from' bad.log; then cat bad.log; fail "a checkpoint of $change was gone on from"; fi
    same whole_1 bad
done

# On another number of ranks it goes on too, with other sums.
near() {
    paste -d, "$1/history.csv" "$2/history.csv" |
        awk -F, 'NR > 1 { d = $4 / $14 - 1; n += 1; if (d > 1e-4 || d < -1e-4) bad = 1 } END { exit bad || n != 12 }' ||
        { paste "$1/history.csv" "$2/history.csv"; fail "the losses of $1 and $2 differ"; }
}
stop_early
train_to_the_end 2 bad
expect_line bad.log 'goes on from the checkpoint after step [1-9]'
near whole_1 bad

# Tiles in a file, in chunks of a batch: the same bits.
for ranks in 1 2; do
    train_to_the_end $ranks spilled_$ranks --set parallel.tile_memory_mb=0.05
    same whole_$ranks spilled_$ranks
done
# The validation sky is not trained on: without it the losses are the same.
train_to_the_end 1 without --set simulate.n_train=3 --set train.validation_skies=0 --set train.choose_threshold=false
cmp <(cut -d, -f1-5 without/history.csv) <(cut -d, -f1-5 whole_1/history.csv) || fail "the validation sky was trained on"
[[ ! -e without/reliability.csv ]] || fail "a reliability without validation skies"
near whole_1 whole_2
expect_code 0 log "$FAINTWEB" info whole_1/model.safetensors
expect_line log '^training  12 epochs, [0-9]+ steps, loss .*, weights after epoch [0-9]+$'
expect_line log 'on validation skies A_s '
expect_line log '^detection above a score of 0\.[0-9]+, probability'
echo "one model however it was interrupted"
