#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# detect_faults.sh FAULT: one fault that befalls detect. Whatever happens, nothing but a whole catalogue is
# ever published, and the same command goes on and ends with the digest of a run that nothing befell.
fault=$1
if [[ $fault == disk_full && -z ${has_own_mounts:-} ]]; then
    # A disk of its own, which goes when the script ends.
    as_root=()
    unshare --mount true 2>/dev/null || as_root=(--user --map-root-user)
    if ! unshare "${as_root[@]}" --mount bash -c 'mount -t tmpfs tmpfs /mnt'; then
        echo "SKIPPED: this user cannot mount a small disk"
        exit 77
    fi
    has_own_mounts=yes exec unshare "${as_root[@]}" --mount bash "$0" "$@"
fi
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
# shellcheck source=test/campaign/detect_runs.sh
source "$(dirname "${BASH_SOURCE[0]}")/detect_runs.sh"
quick=(--set parallel.deadline_s=5)

# Rank 0 is killed: at its first record, among the fields, and on more ranks.
test_rank0_killed() {
    rule=write:/cat.run/journal:1:kill:0 ends_with lost 2 out
    [[ ! -e out/cat.h5 ]] || fail "a catalogue after the first record"
    rule=write:/cat.run/journal:12:kill:0 ends_with lost 2 out
    is_unfinished out
    rule=write:/cat.run/shard_:2:kill:0 ends_with lost 2 out
    is_unfinished out
    finish 4 out
}

# mpirun is killed: no rank outlives it for long, not even one that hangs.
test_mpirun_killed() {
    rule=write:/cat.run/shard_:2:hang:1 start 2 out
    wait_for 30 grep -q '^fault: ' out.log
    kill -KILL $job
    job_ends_with 137 5 out
    is_unfinished out
    finish 2 out
}

# A rank stands still: the others name it and end the job.
test_rank_stops() {
    local rank
    for rank in 1 0; do
        rule=write:/cat.run/shard_:2:stop:$rank start 2 out_$rank "${quick[@]}"
        wait_for 30 is_rank_stopped out_$rank $rank
        job_ends_with 75 20 out_$rank
        expect_line out_$rank.log "nothing was heard of rank $rank for .* s"
        is_unfinished out_$rank
        finish 2 out_$rank
    done
}

# The journal ends anywhere: within its last record, with rubbish behind it, or before its first record.
test_journal_torn() {
    rule=write:/cat.run/journal:12:kill:0 ends_with lost 2 cut
    is_unfinished cut
    local size cut
    size=$(stat -c %s cut/cat.run/journal)
    for cut in 1 7 23 30 $((size - 5)) "$size"; do
        rm -rf out
        cp -a cut out
        truncate -s -"$cut" out/cat.run/journal
        finish no out
    done
    rm -rf out
    cp -a cut out
    printf 'rubbish that is no record' >>out/cat.run/journal
    finish 2 out
    rule=write:/cat.run/journal:9:torn:0 ends_with lost 2 out
    finish 2 out
}

# Rank 0 dies between the flush of its shard and the record of that: the rows are taken over.
test_killed_before_record() {
    rule='flush:/cat.run/shard_:1:pass;write:/cat.run/journal:1:kill' ends_with 137 no out
    is_unfinished out
    finish no out
    rule='flush:/cat.run/shard_:1:pass:0;write:/cat.run/journal:1:kill:0' ends_with lost 3 out
    finish 3 out
    # Rank 0 dies at the flush of the journal, a whole epoch later.
    rule='flush:/cat.run/journal:2:kill:0' ends_with lost 2 out
    finish 2 out
}

# Killed in the merge: while the catalogue is written, at its flush, between close and rename.
test_killed_in_merge() {
    local at
    for at in 'open:out/cat.h5.partial$:1:kill:0' write:out/cat.h5.partial:1:kill:0 write:out/cat.h5.partial:2:kill:1 \
        write:out/cat.h5.partial:3:torn:0 flush:out/cat.h5.partial:1:kill:1 close:out/cat.h5.partial:1:kill:0 \
        flush:out/cat.h5.partial:1:kill:0 rename:out/cat.h5.partial:1:kill:0; do
        rule=$at ends_with lost 2 out
        is_unfinished out
    done
    # Published, but killed before the folder is on the disk and the run is cleaned away.
    rule='rename:out/cat.h5.partial:1:pass:0;flush:/out:1:kill:0' ends_with lost 2 out
    [[ -s out/cat.h5 ]] || fail "there is no catalogue after the rename"
    finish 2 out
}

# Signals to one rank of two: it and the others leave with 75 behind their fields.
test_signal_to_rank() {
    local signal rank
    for signal in USR1 USR2 TERM INT; do
        rank=$((${#signal} % 2))
        # In windows: a rank 0 that has stopped sends no more pixels to one that waits for them.
        rule=write:/cat.run/shard_:1:stop start 2 out --set parallel.scatter=windows
        wait_for 30 all_are_stopped out 2
        kill -"$signal" "$(rank_of out $rank)"
        go_on out
        job_ends_with 75 30 out
        is_cleanly_unfinished out
        echo "$signal to rank $rank: 75"
    done
    finish 2 out
}

# A second TERM ends a rank that does not come to the end of its field.
test_signal_twice() {
    rule=open@worker:m1.fits:1:hang:1 start 2 out --set parallel.scatter=windows
    wait_for 30 grep -q '^fault: ' out.log
    kill -TERM "$(rank_of out 1)"
    sleep 1
    ! has_ended $job || fail "the job ended at the first TERM"
    kill -TERM "$(rank_of out 1)"
    job_ends_with '[1-9][0-9]*' 30 out
    is_unfinished out
    finish 2 out
}

# Signals to mpirun: USR1 and USR2 are passed on; TERM and INT leave no time, but nothing is lost.
test_signal_to_mpirun() {
    local signal codes
    for signal in USR1 USR2 TERM INT; do
        codes='[1-9][0-9]*'
        [[ $signal != USR* ]] || codes=75
        rule=write:/cat.run/shard_:1:stop start 2 out_$signal --set parallel.scatter=windows
        wait_for 30 all_are_stopped out_$signal 2
        kill -"$signal" $job
        sleep 0.2
        go_on out_$signal || true
        job_ends_with "$codes" 30 out_$signal
        # After TERM and INT mpirun gives the ranks a second, which may be enough to publish.
        [[ $signal != USR* ]] || is_unfinished out_$signal
        echo "$signal to mpirun"
        finish 2 out_$signal
    done
}

# Signals to a run without mpirun.
test_signal_without_mpirun() {
    local signal
    for signal in USR1 TERM INT; do
        rule=write:/cat.run/shard_:2:stop start no out
        wait_for 30 all_are_stopped out 1
        kill -"$signal" $job
        go_on out
        job_ends_with 75 30 out
        is_cleanly_unfinished out
    done
    finish no out
}

# Another number of ranks and another way to hand out fields go on with the same run.
test_other_rank_count() {
    rule=write:/cat.run/journal:18:kill:0 ends_with lost 4 fewer
    is_unfinished fewer
    finish 1 fewer
    rule=write:/cat.run/shard_:12:kill ends_with lost 1 more --set parallel.scatter=windows
    is_unfinished more
    finish 3 more
    rule=write:/cat.run/journal:8:kill:0 ends_with lost 4 mixed
    rule=write:/cat.run/shard_:2:kill ends_with lost 2 mixed --set parallel.scatter=windows
    is_unfinished mixed
    finish no mixed
}

# A full disk, before the start, among the fields, in the merge; and one that cannot be written.
test_disk_full() {
    mkdir disk
    trap 'end_all; umount "$work/disk"; rm -rf "$work"' EXIT
    mount -t tmpfs -o size=16k tmpfs disk
    ends_with 74 2 disk
    expect_line disk.log 'too little room'
    [[ ! -e disk/cat.h5 && ! -e disk/cat.run ]] || fail "something was begun on a small disk"
    mount -o remount,size=16m disk
    # The runs stop themselves where the disk is then filled up.
    local at
    for at in write:/cat.run/shard_:2:stop:0 'open:disk/cat.h5.partial$:1:stop:0'; do
        rule=$at start 2 disk
        wait_for 30 is_rank_stopped disk 0
        head -c 16m /dev/zero >disk/filler 2>/dev/null || true
        go_on disk
        job_ends_with 74 30 disk
        expect_line disk.log 'No space left'
        is_cleanly_unfinished disk
        rm disk/filler
        mount -o remount,ro disk
        expect_code 2 log in_shell 2 disk
        expect_line log 'disk'
        mount -o remount,rw disk
        is_unfinished disk
    done
    finish 2 disk
}

# fails_with_74 RULE...: each fault on its own ends the run with one code on all ranks, one after the other.
fails_with_74() {
    local at
    for at in "$@"; do
        rule=$at ends_with 74 2 out
        is_cleanly_unfinished out
        expect_line out.log ' E rank [01]: .*out/cat\.(run|h5)'
        echo "$at: 74"
    done
}

# A disk that fails under the shards, the journal or the catalogue.
test_disk_fails_in_shard() {
    local at
    # Each from the beginning: of what one leaves undone, a rank may get no field that it could fail at.
    for at in open:/cat.run/shard_:1:eio:1 write:/cat.run/shard_:2:eio:1 write:/cat.run/shard_:2:enospc:0 \
        flush:/cat.run/shard_:1:eio:1 flush:/cat.run/shard_:1:eio:0; do
        fails_with_74 "$at"
        finish 2 out
        rm -r out
    done
}
test_disk_fails_in_journal() {
    fails_with_74 write:/cat.run/journal:3:eio:0 write:/cat.run/journal:6:edquot:0 flush:/cat.run/journal:1:eio:0 \
        flush:/cat.run/journal:2:eio:0
    finish 2 out
}
test_disk_fails_in_merge() {
    fails_with_74 'open:out/cat.h5.partial$:1:eio:0' write:out/cat.h5.partial:1+:enospc:0 write:out/cat.h5.partial:1:eio:1 \
        flush:out/cat.h5.partial:1:eio:0 flush:out/cat.h5.partial:1:eio:1 rename:out/cat.h5.partial:1:eio:0
    finish 2 out
}

# A disk that says it wrote rows, or the digest, and did not: all is read back.
test_disk_loses_writes() {
    local at
    for at in write:out/cat.h5.partial:{1:lost:0,2:lost:0,1:lost:1,2:lost:1}; do
        fails_with_74 "$at"
        expect_line out.log 'did not come back from the disk as written'
    done
    # Behind the rows rank 0 alone writes what is small, and at last, when the file was closed five times, the digest.
    local n_closed
    for n_closed in 3 5; do
        for at in lost eio; do
            fails_with_74 "close:out/cat.h5.partial:$n_closed:pass:0;write:out/cat.h5.partial:2+:$at:0"
            rule="close:out/cat.h5.partial:$n_closed:pass;write:out/cat.h5.partial:2+:$at" ends_with 74 no out
            is_cleanly_unfinished out
        done
    done
    finish 2 out
}

# More ranks than fields; no fields at all.
test_more_ranks_than_fields() {
    maps=(one.fits)
    rm -rf whole
    undisturbed
    finish 4 out
    rule=write:/cat.run/shard_:1:kill ends_with lost 4 out
    finish 4 out
    echo "no map" >none.fits
    maps=(none.fits)
    ends_with 3 no none
    wanted=$(digest_in none.log)
    ends_with 3 4 none
    is_finished none
    expect_line none.log 'not used: .*none.fits'
}

# No GPU, and asked for one.
test_gpu_missing() {
    export CUDA_VISIBLE_DEVICES=
    ends_with 2 2 out --set parallel.device=cuda
    [[ $(grep -c ' E rank ' out.log) -eq 1 ]] || { cat out.log; fail "one rank must speak, in one line"; }
    [[ ! -e out/cat.h5 && ! -e out/cat.run ]] || fail "something was begun"
    finish 2 out
}

# is_whole_without_last FOLDER: the maps before the last one have the rows of an undisturbed run.
rows_of_first() { awk -F, 'NR == 1 || $1 < 3' "$1/cat.csv"; }
is_whole_without_last() {
    expect_line "$1.log" '^.*: 25 fields, .* [1-9][0-9]* failed'
    cmp <(rows_of_first "$1") <(rows_of_first whole) || fail "other rows of the maps before the last one"
    [[ $(wc -l <"$1/cat.csv") -gt 10 ]] || fail "there are no rows"
    [[ ! -e $1/cat.run ]] || fail "$1/cat.run was left"
}
# quarantined ACTION CODES MOST_RUNS RANKS: a field that does this to its worker every time is quarantined, and
# the others are done.
quarantined() {
    local action=$1 codes=$2 most=$3 ranks=$4 code n
    maps+=(one.fits)
    rm -rf whole
    undisturbed --export csv
    for ((n = 1; ; ++n)); do
        [[ $n -le $most ]] || { cat out.log; fail "the field was tried more than $((most - 1)) times"; }
        rule="open@worker:one.fits:1:$action" start "$ranks" out "${quick[@]}" --export csv --set parallel.scatter=windows
        code=0
        wait_for 30 has_ended "$job"
        wait "$job" || code=$?
        job=
        nobody_is_left out
        echo "run $n: $code"
        [[ $code -ne 3 ]] || break
        expect_line out.log "^fault: open .*one.fits $action"
        [[ $code =~ ^($codes)$ ]] || { cat out.log; fail "exit code $code instead of $codes"; }
        is_unfinished out
    done
    [[ $n -gt 2 ]] || fail "the field was quarantined after $((n - 1)) attempts"
    is_whole_without_last out
    expect_line out.log 'not used: .*one.fits'
}
# Two crashes, or two hangs, of a field end it, whatever else was at work.
test_field_quarantined_crash() { quarantined crash '139|11' 3 2; }
test_field_quarantined_hang() { quarantined hang 75 3 2; }
# A process that is killed leaves no word of what it was doing: the field has three attempts alone.
test_field_quarantined_kill() { quarantined kill 137 5 no; }
# Rank 0 crashes when it reads the field for a worker. Later runs leave it alone, even where they could read it.
test_field_quarantined_read() {
    maps+=(one.fits)
    rm -rf whole
    undisturbed --export csv
    for _ in 1 2; do
        rule='open:/cat.run/journal:1:pass:0;open:one.fits:1:crash:0' ends_with 139 2 out --export csv
        is_unfinished out
    done
    ends_with 3 2 out --export csv
    is_whole_without_last out
}
# A rank that hangs in the merge is no fault of a field.
test_merge_hangs() {
    rule=write:out/cat.h5.partial:2:hang:1 start 2 out "${quick[@]}"
    wait_for 30 grep -q '^fault: ' out.log
    job_ends_with 75 20 out
    expect_line out.log 'gave up after .* s of writing .*cat.h5'
    is_unfinished out
    finish 2 out
}

# Two runs of one catalogue: the second leaves at once and says whom it met. Another catalogue in the same
# folder is not hindered.
test_second_run_refused() {
    rule=write:/cat.run/shard_:2:stop SLURM_JOB_ID=11 start no out
    wait_for 30 all_are_stopped out 1
    for ranks in no 2; do
        expect_code 2 log in_shell $ranks out
        expect_line log "process $job on $(hostname)"
        [[ $(grep -c " E " log) -eq 1 ]] || { cat log; fail "other than one line"; }
        expect_code 0 log on_ranks ${ranks/no/1} "$FAINTWEB" detect -m "$model" -o out/other.h5 "${settings[@]}" "${maps[@]}"
        [[ $(digest_in log) == "$wanted" && ! -e out/other.lock ]] || { cat log; ls -A out; fail "another digest, or a lock"; }
    done
    go_on out
    job_ends_with 0 60 out
    is_finished out
    # What a dead process left is taken over; what one of another host left, only by the same Slurm job.
    rule=write:/cat.run/shard_:2:kill SLURM_JOB_ID=11 ends_with 137 no out
    local lock=out/cat.lock
    [[ -s $lock ]] || { ls -la out; fail "there is no lock"; }
    sed "s/$(hostname)/elsewhere/g" $lock >other_lock
    ! cmp -s other_lock $lock || { cat $lock; fail "the lock does not name this host"; }
    cp other_lock $lock
    expect_code 2 log in_shell no out
    expect_line log 'elsewhere'
    SLURM_JOB_ID=12 expect_code 2 log in_shell no out
    SLURM_JOB_ID=11 finish no out
}

# A file system without locks, as it says so: the run goes on with one warning. Two runs of a host still see each
# other, by the names in the lock.
test_locks_missing() {
    local number ranks
    for number in 22 37 38 95 524; do
        for ranks in no 2; do
            rm -rf out
            rule="lock::1+:$number" finish $ranks out --export fits
            [[ $(grep -c ' W .*cannot lock .*no locks' out.log) -eq 1 && $(grep -c ' [EW] ' out.log) -eq 1 ]] ||
                { cat out.log; fail "other than one warning"; }
        done
    done
    rm -rf out
    rule='lock:out/:1:37;write:/cat.run/shard_:2:stop' start no out
    wait_for 30 all_are_stopped out 1
    rule='lock::1+:37' expect_code 2 log in_shell no out
    expect_line log "process $job on $(hostname)"
    go_on out
    job_ends_with 0 60 out
    is_finished out
    rule='lock:out/:1:37;write:/cat.run/shard_:2:kill' ends_with 137 no out
    rule='lock::1+:37' finish no out
}

# A map is replaced or cut short behind the plan: its fields are failed, with the reason.
test_map_replaced() {
    maps=(m0.fits m1.fits m2.fits one.fits)
    rm -rf whole
    undisturbed --export csv
    cp one.fits good.fits
    local change scatter
    for change in replaced cut; do
        for scatter in pixels windows; do
            cp good.fits one.fits
            rm -rf out
            rule=open:/cat.run/journal:1:stop:0 start 2 out --export csv --set parallel.scatter=$scatter
            wait_for 30 is_rank_stopped out 0
            if [[ $change == cut ]]; then
                truncate -s -40000 one.fits
            else
                head -c 40000 good.fits >new.fits
                tail -c +40001 good.fits | tr '\1' '\2' >>new.fits
                mv new.fits one.fits
            fi
            go_on out
            job_ends_with 3 30 out
            is_whole_without_last out
            expect_line out.log 'not used: .*one.fits.*(changed since|cut short)'
            echo "$change, $scatter: 3"
        done
    done
    cp good.fits one.fits
    finish 2 out --export csv
}

# A run of other settings, of another model or of another version is left alone.
test_other_settings_refused() {
    rule=write:/cat.run/journal:12:kill:0 ends_with lost 2 out
    is_unfinished out
    # refused ARGUMENTS...: in one line, which names the folder of the run.
    refused() {
        expect_code 2 log in_shell 2 out "$@"
        [[ $(grep -c ' E rank ' log) -eq 1 ]] || { cat log; fail "one rank must speak, in one line"; }
        expect_line log 'out/cat.run.*(finish|choose|remove)'
        is_unfinished out
    }
    refused --set detect.threshold=0.1
    refused --set field_px=160
    model=$source_dir/config/models/nvss.safetensors refused --accept-mismatch pixel,beam
    cp out/cat.run/journal journal
    # Version 0, in a record whose CRC is right; then no record at all.
    bash "$source_dir/test/ecosystem/run_python.sh" - <<'END'
import struct

record = bytearray(open("journal", "rb").read())
n = struct.unpack_from("<I", record)[0]
struct.pack_into("<i", record, 12, 0)
crc = 0xFFFFFFFF
for byte in record[:4] + record[8:8 + n]:
    crc ^= byte
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
struct.pack_into("<I", record, 4, crc ^ 0xFFFFFFFF)
open("out/cat.run/journal", "wb").write(record)
END
    refused
    cp journal out/cat.run/journal
    finish 2 out
}

# Rows that can no longer be read when they are merged are made again by the same command.
test_shard_damaged() {
    rule='open:out/cat.h5.partial$:1:kill:0' ends_with lost 2 out
    is_unfinished out
    local shard
    shard=$(find out/cat.run -name 'shard_*' -size +1k | sort | head -n 1)
    printf '\x55\xaa\x55\xaa' | dd of="$shard" bs=1 seek=$(($(stat -c %s "$shard") / 2)) conv=notrunc 2>dd.log
    ends_with 74 2 out
    expect_line out.log 'shard_.* damaged'
    is_cleanly_unfinished out
    finish 2 out
}

[[ $(type -t "test_$fault") == function ]] || fail "there is no fault $fault"
if [[ -d ${DETECT_MAPS:-} ]]; then
    cp -r "$DETECT_MAPS"/. .
    wanted=$(digest_in whole.log)
else
    make_maps 760 360
    undisturbed
fi
"test_$fault"
