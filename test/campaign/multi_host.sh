#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# detect on two and four hosts, which are network namespaces of this machine joined by a bridge: the digest of a
# serial run; and when a host is cut off in mid-run, the job ends, nothing stays behind, and the same command
# goes on on the hosts that are left. multi_host.sh noticed|unnoticed: whether mpirun notices that a host has gone.
what=$1
if [[ -z ${has_own_namespaces:-} ]]; then
    # Mounts, network and processes of its own: whatever happens to this test, they and all hosts in them go
    # with it, and two of it do not meet.
    own=(--mount --net --pid --fork --kill-child --mount-proc)
    unshare "${own[@]}" true 2>/dev/null || own+=(--user --map-root-user)
    if ! unshare "${own[@]}" bash -c 'mount -t tmpfs tmpfs /run && ip netns add a && ip netns exec a true &&
            ip -n a link add bridge type bridge && ip link add v1 type veth peer name eth0 netns a'; then
        echo "SKIPPED: this user cannot make network namespaces (with ip, from the package iproute2)"
        exit 77
    fi
    has_own_namespaces=yes exec unshare "${own[@]}" bash "${BASH_SOURCE[0]}" "$@"
fi
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
# shellcheck source=test/campaign/detect_runs.sh
source "$source_dir/test/campaign/detect_runs.sh"
# Where `ip` keeps the namespaces that it makes.
mount -t tmpfs tmpfs /run
ip link set lo up
n_hosts=4
subnet=10.77.0

ip netns add switch
ip -n switch link add bridge type bridge
ip -n switch link set bridge up
for ((i = 1; i <= n_hosts; ++i)); do
    ip netns add "host$i"
    ip -n "host$i" link set lo up
    ip -n switch link add "v$i" type veth peer name eth0 netns "host$i"
    ip -n switch link set "v$i" master bridge up
    ip -n "host$i" address add "$subnet.$i/24" dev eth0
    ip -n "host$i" link set eth0 up
done

# on_host NUMBER COMMAND...: the shell becomes the command.
on_host() {
    # shellcheck disable=SC2016
    exec ip netns exec "host$1" unshare --uts bash -c 'hostname "$0" && exec "$@"' "host$1" "${@:2}"
}
# What mpirun starts its daemons with, in place of ssh.
cat >agent.sh <<'END'
#!/usr/bin/env bash
host=host${1##*.}
shift
exec ip netns exec "$host" unshare --uts bash -c "hostname $host; $*"
END
chmod +x agent.sh
# Open MPI would take minutes to notice that a host has gone (jobs/nightly.sbatch sets these too).
alive=(--mca oob_tcp_keepalive_time 2 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3)
# on_hosts HOSTS RANKS COMMAND...: so many ranks on each of the hosts, from the first of them.
on_hosts() {
    local hosts=$1 ranks=$2 host names=()
    shift 2
    for host in $hosts; do names+=("$subnet.$host:$ranks"); done
    on_host "${hosts%% *}" "$MPIRUN" --mca plm_rsh_agent "$work/agent.sh" --mca btl tcp,self --mca btl_tcp_if_include $subnet.0/24 \
        --mca oob_tcp_if_include $subnet.0/24 "${alive[@]}" --oversubscribe --bind-to none \
        --host "$(IFS=,; echo "${names[*]}")" -n $((${#names[@]} * ranks)) "$@"
}
# start_on HOSTS RANKS FOLDER ARGUMENTS...: detect in the background, as process `job`.
start_on() {
    local hosts=$1 ranks=$2 folder=$3
    shift 3
    log=$folder.log
    on_hosts "$hosts" "$ranks" "$FAINTWEB" detect -m "$model" -o "$work/$folder/cat.h5" "${settings[@]}" \
        --set parallel.deadline_s=5 "$@" "${maps[@]}" >"$log" 2>&1 &
    job=$!
}
# ends CODES: the job ends in time with one of these exit codes (a regular expression).
ends() {
    code=0
    wait_for 60 has_ended "$job"
    wait "$job" || code=$?
    job=
    [[ $code =~ ^($1)$ ]] || { cat "$log"; fail "exit code $code instead of $1"; }
}
finish_on() {
    start_on "$@"
    ends 0
    is_finished "$3"
    wait_for 30 nothing_runs
}

# What runs on any host; with a program, as that alone.
processes() {
    local host process
    for ((host = 1; host <= n_hosts; ++host)); do
        for process in $(ip netns pids "host$host"); do
            if [[ -z ${1:-} || $(readlink "/proc/$process/exe") == "$1" ]]; then echo "$process"; fi
        done
    done
}
nothing_runs() { [[ -z $(processes "$@") ]]; }
# is_amid FOLDER N: N ranks have kept results.
is_amid() { [[ $(find "$1/cat.run" -name 'shard_*' -size +0 2>/dev/null | wc -l) -ge $2 ]]; }
# cut_off HOST SETTING: the cable of a host is pulled (down) or put back (up).
cut_off() { ip -n switch link set "v$1" "$2"; }

# cut HOSTS RANKS HOST ARGUMENTS...: that host is cut off in mid-run, and the job ends everywhere.
cut() {
    local hosts=$1 ranks=$2 host=$3 n_ranks begin
    shift 3
    n_ranks=$(($(wc -w <<<"$hosts") * ranks))
    rm -rf out
    start_on "$hosts" "$ranks" out "$@"
    wait_for 60 is_amid out "$n_ranks"
    cut_off "$host" down
    begin=$(date +%s%3N)
    ends '[1-9][0-9]*'
    local ended_ms=$(($(date +%s%3N) - begin))
    wait_for 60 nothing_runs
    echo "host $host of $hosts is cut off: exit code $code after $ended_ms ms, nothing runs after $(($(date +%s%3N) - begin)) ms"
    cut_off "$host" up
    is_unfinished out
}
test_noticed() {
    make_maps 1400 1000
    undisturbed
    (on_hosts "1 2 3 4" 1 hostname) >names
    [[ $(sort names | paste -sd' ') == "host1 host2 host3 host4" ]] || { cat names; fail "the ranks are not on four hosts"; }
    for scatter in pixels windows; do
        finish_on "1 2" 2 out --set parallel.scatter=$scatter
        finish_on "1 2 3 4" 1 out --set parallel.scatter=$scatter
        echo "two hosts, four hosts, $scatter: $wanted"
    done

    cut "1 2" 2 2 --set parallel.scatter=pixels
    finish_on "1" 2 out
    expect_line out.log 'goes on with a run in which [0-9]+ of '
    cut "1 2 3 4" 1 3 --set parallel.scatter=windows
    finish_on "1 2 4" 1 out
    expect_line out.log 'goes on with a run in which [0-9]+ of '

    # The host of rank 0 and mpirun. Another host takes its lock over only for the same Slurm job.
    export SLURM_JOB_ID=11
    cut "1 2 3" 1 1
    SLURM_JOB_ID=12 start_on "2 3" 1 out
    ends 2
    expect_line out.log 'may be in use \(by process [0-9]+ on host1\)'
    finish_on "2 3" 1 out
    unset SLURM_JOB_ID
    echo "another host goes on for the same Slurm job only"
}

# Where mpirun does not notice, the ranks end by themselves on both sides; also those that are met amid a large
# message, for which the cable is made a slow one.
no_rank_runs() { nothing_runs "$FAINTWEB"; }
test_unnoticed() {
    alive=()
    settings=(--set field_px=1000 --set parallel.threads=1 --set parallel.deadline_s=10)
    make_maps 1400 1000
    undisturbed
    ip netns exec switch tc qdisc add dev v2 root tbf rate 10mbit burst 64kb latency 50ms || echo "(the cable is as fast as ever)"
    start_on "1 2" 2 out --set parallel.scatter=pixels
    wait_for 60 is_amid out 1
    cut_off 2 down
    begin=$(date +%s%3N)
    wait_for 60 no_rank_runs
    echo "mpirun does not notice: no rank runs after $(($(date +%s%3N) - begin)) ms"
    # The part of Slurm or an administrator.
    # shellcheck disable=SC2046
    kill -KILL $(processes) 2>/dev/null || true
    ends '[1-9][0-9]*'
    wait_for 10 nothing_runs
    is_unfinished out
    finish_on "1" 2 out
}

"test_$what"
