#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# jobs/nightly.sbatch in the hands of a true Slurm, of one node on this machine: it runs to its end; a job of more
# weight takes its place, and it is requeued and goes on; the signal that Slurm gives before the time limit (sent
# by scancel here, as limits are whole minutes) stops it, and it requeues itself and goes on. Each time the
# digest is the same.
skip() {
    echo "SKIPPED: $*"
    exit 77
}
if [[ -z ${has_own_namespaces:-} ]]; then
    export PATH=$PATH:/usr/sbin:/sbin
    for program in slurmctld slurmd sbatch munged mungekey ip; do
        command -v "$program" >/dev/null ||
            skip "there is no $program (packages slurm-wlm, munge and iproute2)"
    done
    # Processes, ports and name of its own: the daemons and their jobs go with this test, whatever happens to it.
    own=(--mount --net --uts --pid --fork --kill-child --mount-proc)
    unshare "${own[@]}" true 2>/dev/null || own+=(--user --map-root-user)
    unshare "${own[@]}" bash -c 'hostname node && ip link add eth0 type veth peer name eth1' ||
        skip "this user cannot make namespaces"
    has_own_namespaces=yes exec unshare "${own[@]}" bash "${BASH_SOURCE[0]}" "$@"
fi
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
# shellcheck source=test/campaign/detect_runs.sh
source "$source_dir/test/campaign/detect_runs.sh"
# A Slurm that this test itself may be a job of must not be seen.
for name in ${!SLURM_*} ${!SBATCH_*} ${!PMI*}; do unset "$name"; done
hostname node
ip link set lo up
# Slurm and Open MPI want an interface that is no loopback.
ip link add eth0 type veth peer name eth1
ip address add 10.77.0.1/24 dev eth0
ip link set eth1 up
ip link set eth0 up

# A job that is requeued waits for its credential to end (cred_expire), 120 s unless told.
mkdir state spool
export SLURM_CONF=$work/slurm.conf
cat >slurm.conf <<END_OF_CONF
ClusterName=test
SlurmctldHost=node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
MpiDefault=none
KillWait=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=node NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=low Nodes=node Default=YES PriorityTier=1 PreemptMode=REQUEUE MaxTime=60
PartitionName=high Nodes=node PriorityTier=10 PreemptMode=OFF MaxTime=60
END_OF_CONF
daemons=()
end_daemons() {
    [[ ${#daemons[@]} -eq 0 ]] || kill -KILL "${daemons[@]}" 2>/dev/null || true
}
trap 'end_daemons; end_all; rm -rf "$work"' EXIT
# daemon COMMAND...: in the foreground of its own log.
daemon() {
    "$@" >"${1##*/}.out" 2>&1 &
    daemons+=($!)
    disown
}
mungekey --create --keyfile "$work/munge.key"
# Its folder is this test's own, not munge's: hence the force.
daemon munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munged.seed"
node_is() { [[ $(timeout 5 sinfo --noheader --Node --partition=low --format=%T 2>/dev/null) == "$1" ]]; }
begins() {
    local end=$((SECONDS + 30))
    until [[ -S munge.socket ]]; do [[ $SECONDS -lt $end ]] || return 1; sleep 0.1; done
    daemon slurmctld -D -f "$SLURM_CONF"
    daemon slurmd -D -f "$SLURM_CONF" -N node
    until node_is idle; do [[ $SECONDS -lt $end ]] || return 1; sleep 0.5; done
}
if ! begins; then
    tail -n 5 ./*.out munged.log slurmctld.log slurmd.log 2>/dev/null || true
    skip "munge and Slurm do not start here"
fi
echo "$(slurmctld -V) with one node after $SECONDS s"

make_maps 4800 3200
# submit FOLDER: a job over the maps whose results are in that folder, as `id`.
submit() {
    folder=$1 log=$work/$1/log
    mkdir "$folder"
    printf "$work/m%s.fits\n" 0 1 2 >"$folder/maps.txt"
    id=$(cd "$source_dir" && sbatch --parsable --partition=low --ntasks-per-node=2 --cpus-per-task=1 --time=10 \
        --output="$log" jobs/nightly.sbatch "$work/$folder/maps.txt" -- --set field_px=100 --set parallel.scatter=pixels)
}
state() { scontrol --oneliner show job "$id" | sed -n "s/.* $1=\([^ ]*\).*/\1/p"; }
has_started() { grep -q " start $1\$" "$log" 2>/dev/null; }
is_amid() { [[ $(find "$folder/catalogue.run" -name 'shard_*' -size +0 2>/dev/null | wc -l) -eq 2 ]]; }
is_over() { [[ $(state JobState) =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)$ ]]; }
# is_done RESTARTS: with the right digest, after so many restarts of the job.
is_done() {
    wait_for 90 is_over
    [[ $(state JobState) == COMPLETED && $(<"$folder/done") == 0 ]] || { cat "$log"; fail "the job is $(state JobState)"; }
    [[ $(state Restarts) -eq $1 ]] || { cat "$log"; fail "$(state Restarts) restarts instead of $1"; }
    [[ -s $folder/catalogue.h5 && ! -e $folder/catalogue.run ]] || { ls -la "$folder"; fail "$folder is not whole"; }
    wanted=${wanted:-$(digest_in "$log")}
    [[ ${#wanted} -eq 64 && $(digest_in "$log") == "$wanted" ]] || { cat "$log"; fail "another digest than $wanted"; }
    [[ -z $(pgrep -f "^$FAINTWEB " || true) ]] || fail "ranks are left"
}

begin=$SECONDS
submit whole
is_done 0
echo "to its end in $((SECONDS - begin)) s: $wanted"

begin=$SECONDS
submit preempted
wait_for 60 is_amid
(cd "$work" && sbatch --parsable --partition=high --ntasks=2 --time=1 --output=/dev/null --wrap='sleep 3') >high
is_out() { [[ $(state JobState) == PENDING && $(state Restarts) -eq 1 ]]; }
wait_for 60 is_out
[[ -e preempted/catalogue.run && ! -e preempted/catalogue.h5 ]] || fail "it was not preempted in mid-run"
wait_for 60 has_started 2
is_done 1
expect_line "$log" 'goes on with a run in which [0-9]+ of '
echo "preempted, requeued and to its end in $((SECONDS - begin)) s: $wanted"

begin=$SECONDS
submit drained
wait_for 60 is_amid
scancel --signal=USR1 --batch "$id"
wait_for 60 has_started 2
is_done 1
expect_line "$log" 'is requeued to go on'
expect_line "$log" 'stopped \(it was asked to\) with [0-9]+ fields still to do'
expect_line "$log" 'goes on with a run in which [0-9]+ of '
echo "stopped by USR1, requeued by itself and to its end in $((SECONDS - begin)) s: $wanted"

# A step that tells its tasks nothing of each other is a world of one for each, and several would each do it all.
begin=$SECONDS
alone=("$FAINTWEB" detect -m "$model" --set field_px=100)
expect_code 0 log "${alone[@]}" -o "$work/alone/cat.h5" one.fits
wanted=$(digest_in log)
step() { expect_code "$1" step.log srun --quiet --partition=low --mpi="$2" --ntasks="$3" "${@:4}"; }
step 0 none 1 "${alone[@]}" -o "$work/step/cat.h5" one.fits
[[ ${#wanted} -eq 64 && $(digest_in step.log) == "$wanted" ]] || { cat step.log; fail "another digest than $wanted"; }
step 0 none 2 "$FAINTWEB" info step/cat.h5
[[ $(grep -c "^digest    $wanted" step.log) -eq 2 ]] || { cat step.log; fail "info does not tell the digest"; }
step 2 none 2 "${alone[@]}" -o "$work/steps/cat.h5" one.fits
expect_line step.log 'one of 2 tasks of a Slurm step that know nothing of each other'
[[ ! -e steps ]] || fail "tasks that know nothing of each other began"
if srun --mpi=list 2>&1 | grep -qw pmix; then
    step 0 pmix 2 "${alone[@]}" -o "$work/world/cat.h5" one.fits
    expect_line step.log 'fields per rank: rank 0: [0-9]+, rank 1: [0-9]+$'
    [[ $(digest_in step.log) == "$wanted" ]] || { cat step.log; fail "another digest than $wanted"; }
fi
step 0 pmi2 2 "$FAINTWEB" info step/cat.h5
[[ $(grep -c "^digest    $wanted" step.log) -eq 1 ]] || { cat step.log; fail "other than one rank has spoken"; }
echo "in a step without PMIx in $((SECONDS - begin)) s: $wanted"

scontrol shutdown
