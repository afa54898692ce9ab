#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Installs what faintweb is built with, only where it is missing: the Debian packages, and LibTorch
# from the torch wheel into the user's cache. Run it (`bash jobs/setup.sh`), or source it in a script
# that builds. A repeat takes under a second and needs no network.
#
# Reads  FAINTWEB_FLAVOUR   auto (default), cpu or cuda; auto is cuda where a driver or a toolkit is.
#        FAINTWEB_LIBTORCH  a LibTorch 2.x to use instead of the wheel; one on CMAKE_PREFIX_PATH
#                           serves as well.
#        XDG_CACHE_HOME     the wheel lands in $XDG_CACHE_HOME/faintweb (default ~/.cache/faintweb).
# Sets   FAINTWEB_LIBTORCH, FAINTWEB_FLAVOUR (cpu or cuda), CMAKE_PREFIX_PATH, PATH (nvcc),
#        CMAKE_BUILD_PARALLEL_LEVEL; and, after install_test_python, FAINTWEB_TEST_PYTHON.
set -euo pipefail

faintweb_packages=(
    ca-certificates ccache clang-format cmake fonts-dejavu-core g++ libcairo2-dev
    libcfitsio-dev libcli11-dev libfftw3-dev libfmt-dev libgtest-dev libhdf5-openmpi-dev
    libopenmpi-dev libpng-dev libspdlog-dev libssl-dev libxxhash-dev libyaml-cpp-dev ninja-build
    nlohmann-json3-dev openmpi-bin pkg-config python3 python3-venv wcslib-dev zlib1g-dev)
# What the tests with several hosts and with Slurm need; without it they are skipped.
test_packages=(iproute2 munge slurm-wlm)
# What reads the scripts; without it they are only parsed.
test_packages+=(shellcheck)
torch_version=2.11.0
# The CPU half of the wheel links these two of its many dependencies, and no other.
torch_cpu_wheels=("torch==$torch_version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
# The readers that the tests compare with.
test_wheels=(numpy==2.4.6 h5py==3.16.0 astropy==8.0.2 safetensors==0.8.0 pytest==9.2.0 xxhash==4.1.0)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$@"
    exit 1
}

# --- Debian packages ------------------------------------------------------------------------------

missing_packages() {
    local installed package
    installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true)"
    for package in "$@"; do
        [[ $installed == *" $package=installed "* ]] || printf '%s\n' "$package"
    done
}

# apt-get, its output kept from view unless it fails.
quiet_apt_get() {
    local as_root=() output
    [[ $EUID -eq 0 ]] || as_root=(sudo)
    if ! output=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@" 2>&1); then
        tail -n 15 <<<"$output" >&2
        return 1
    fi
}

install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "this is no Debian system, so packages are not installed; these or their like are needed: $*"
        return
    fi
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
        fail "Debian packages are missing and this user is neither root nor has sudo; have an administrator run: apt-get install ${missing[*]}"
    fi
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    quiet_apt_get update || say "apt-get update failed; going on with the package lists that are here"
    quiet_apt_get install -y --no-install-recommends "${missing[@]}" ||
        fail "apt-get could not install the packages (its last lines are above); check network and disk, then run this again"
}

# --- A cache that is whole at any time ------------------------------------------------------------

# A Python 3 that can make virtual environments; Debian's own before any other on PATH.
find_python() {
    local python
    for python in /usr/bin/python3 python3; do
        if "$python" -I -c 'import ensurepip, venv' 2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
    fail "no Python 3 with the venv module was found; install python3-venv"
}

# Removes what interrupted set-ups left behind: partial folders of this host whose process is gone.
remove_stale_partials() {
    local partial
    for partial in "$faintweb_cache"/*.partial-"$(uname -n)"-*; do
        if [[ -d $partial && ! -d /proc/${partial##*-} ]]; then
            rm -rf "$partial"
        fi
    done
}

need_free_space() {
    local gib=$1 what=$2 free_kib
    free_kib=$(df --output=avail -k "$faintweb_cache" | tail -n 1)
    [[ $free_kib -ge $((gib * 1024 * 1024)) ]] ||
        fail "$what needs $gib GiB in $faintweb_cache and $((free_kib / 1024 / 1024)) GiB are free; free some, or set XDG_CACHE_HOME to a larger disk"
}

# fill_cache NAME MAKER: makes $faintweb_cache/NAME with `MAKER EMPTY_FOLDER`. The folder gets its name
# in one step when it is whole, so that it never matters whether a set-up was interrupted, or two ran
# at once.
fill_cache() {
    local folder=$faintweb_cache/$1 partial status=0
    partial=$faintweb_cache/$1.partial-$(uname -n)-$$
    mkdir -p "$partial"
    if "$2" "$partial"; then
        mv -T "$partial/made" "$folder" 2>/dev/null || [[ -d $folder ]] || status=1
    else
        status=1
    fi
    rm -rf "$partial"
    return $status
}

# quiet_pip VENV ARGUMENT...: pip install in a new virtual environment, its output kept from view
# unless it fails. Settings of the user that would move the installation elsewhere are turned off; what
# is downloaded is unpacked beside the environment, as /tmp is often too small for it.
quiet_pip() {
    local venv=$1 python output
    shift
    python=$(find_python) && "$python" -m venv "$venv" || return 1
    if ! output=$(env -u PIP_TARGET -u PIP_PREFIX PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 \
        TMPDIR="${venv%/*}" "$venv/bin/python" -I -m pip --no-input install --no-cache-dir --progress-bar off "$@" 2>&1); then
        tail -n 5 <<<"$output" >&2
        return 1
    fi
}

# --- LibTorch -------------------------------------------------------------------------------------

is_libtorch() {
    [[ -e $1/include/torch/csrc/api/include/torch/torch.h && -e $1/lib/libtorch_cpu.so ]]
}

has_cuda_toolkit() { command -v nvcc >/dev/null; }

has_cuda() {
    has_cuda_toolkit || [[ -e /dev/nvidiactl ]] || command -v nvidia-smi >/dev/null
}

make_torch_cpu() { quiet_pip "$1/pip" --target "$1/made" --no-deps "${torch_cpu_wheels[@]}"; }

make_torch_cuda() { quiet_pip "$1/pip" --target "$1/made" "torch==$torch_version"; }

# The LibTorch that the user names or has on CMAKE_PREFIX_PATH; nothing if there is none.
own_libtorch() {
    local prefixes prefix
    if [[ -n ${FAINTWEB_LIBTORCH:-} ]]; then
        is_libtorch "$FAINTWEB_LIBTORCH" ||
            fail "FAINTWEB_LIBTORCH=$FAINTWEB_LIBTORCH is no LibTorch (no include/torch and lib/libtorch_cpu.so in it); correct or unset it"
        printf '%s\n' "$FAINTWEB_LIBTORCH"
        return
    fi
    IFS=: read -r -a prefixes <<<"${CMAKE_PREFIX_PATH:-}"
    for prefix in "${prefixes[@]}"; do
        if [[ -n $prefix ]] && is_libtorch "$prefix"; then
            printf '%s\n' "$prefix"
            return
        fi
    done
}

# Sets FAINTWEB_LIBTORCH and FAINTWEB_FLAVOUR.
install_libtorch() {
    local wanted=${FAINTWEB_FLAVOUR:-auto} own
    local cpu=$faintweb_cache/torch-$torch_version-cpu cuda=$faintweb_cache/torch-$torch_version-cuda
    case $wanted in
        auto) if has_cuda; then FAINTWEB_FLAVOUR=cuda; else FAINTWEB_FLAVOUR=cpu; fi ;;
        cpu | cuda) FAINTWEB_FLAVOUR=$wanted ;;
        *) fail "FAINTWEB_FLAVOUR=$wanted is unknown; use auto, cpu or cuda" ;;
    esac
    own=$(own_libtorch)
    if [[ -n $own ]]; then
        FAINTWEB_LIBTORCH=$own
        if [[ $FAINTWEB_FLAVOUR == cuda && ! -e $own/lib/libtorch_cuda.so ]]; then
            [[ $wanted == auto ]] || fail "the LibTorch in $own has no CUDA half; use another one, or FAINTWEB_FLAVOUR=cpu"
            FAINTWEB_FLAVOUR=cpu
        fi
        return
    fi
    if [[ $FAINTWEB_FLAVOUR == cuda && ! -d $cuda ]]; then
        say "installing LibTorch $torch_version with CUDA into $cuda (4.6 GB, once, some minutes)"
        need_free_space 10 "LibTorch with CUDA"
        if ! fill_cache "${cuda##*/}" make_torch_cuda; then
            [[ $wanted == auto && -d $cpu ]] ||
                fail "LibTorch could not be installed (pip's last lines are above); check the network and run this again, or set FAINTWEB_LIBTORCH to a LibTorch 2.x"
            say "LibTorch with CUDA could not be installed (pip's last lines are above); using the CPU one that is here"
            FAINTWEB_FLAVOUR=cpu
        fi
    fi
    # The CPU half of the CUDA wheel needs no toolkit and no driver: it serves a CPU build.
    if [[ $FAINTWEB_FLAVOUR == cpu && ! -d $cpu && ! -d $cuda ]]; then
        say "installing LibTorch $torch_version for the CPU into $cpu (1.3 GB, once, about a minute)"
        need_free_space 3 "LibTorch"
        fill_cache "${cpu##*/}" make_torch_cpu ||
            fail "LibTorch could not be installed (pip's last lines are above); check the network and run this again, or set FAINTWEB_LIBTORCH to a LibTorch 2.x"
    fi
    if [[ $FAINTWEB_FLAVOUR == cpu && -d $cpu ]]; then
        FAINTWEB_LIBTORCH=$cpu/torch
    else
        FAINTWEB_LIBTORCH=$cuda/torch
    fi
    is_libtorch "$FAINTWEB_LIBTORCH" ||
        fail "$FAINTWEB_LIBTORCH is damaged (LibTorch's headers or libraries are missing); remove ${FAINTWEB_LIBTORCH%/torch} and run this again"
}

# --- What only the tests need -----------------------------------------------------------------------

install_test_packages() {
    (install_packages "${test_packages[@]}") || say "the tests with several hosts and with Slurm will be skipped"
}

make_test_venv() { quiet_pip "$1/made" "${test_wheels[@]}"; }

install_test_python() {
    local python=$faintweb_cache/test-venv/bin/python
    if ! "$python" -I -c 'import numpy, h5py, astropy, safetensors, pytest, xxhash' 2>/dev/null; then
        say "installing numpy, h5py, astropy, safetensors, pytest and xxhash for the tests into $faintweb_cache/test-venv"
        rm -rf "$faintweb_cache/test-venv"
        fill_cache test-venv make_test_venv ||
            fail "the Python packages of the tests could not be installed (pip's last lines are above); check the network and run this again"
    fi
    export FAINTWEB_TEST_PYTHON=$python
}

# --- How many compilers at once -------------------------------------------------------------------

# One per core, but one per 2 GiB at most: a file that includes LibTorch takes more than 1 GiB.
compile_jobs() {
    local cores kib limit_file limit jobs
    cores=$(nproc)
    kib=$(awk '$1 == "MemAvailable:" {print $2}' /proc/meminfo)
    for limit_file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        limit=$(cat "$limit_file" 2>/dev/null || true)
        # A limit of 16 digits and more stands for "none" in the older kind of control group.
        if [[ $limit =~ ^[0-9]{1,15}$ && $((limit / 1024)) -lt $kib ]]; then
            kib=$((limit / 1024))
        fi
    done
    jobs=$((kib / (2 * 1024 * 1024)))
    if [[ $jobs -gt $cores ]]; then jobs=$cores; fi
    if [[ $jobs -lt 1 ]]; then jobs=1; fi
    printf '%s\n' "$jobs"
}

# --------------------------------------------------------------------------------------------------

[[ -n ${XDG_CACHE_HOME:-} || -n ${HOME:-} ]] || fail "neither HOME nor XDG_CACHE_HOME is set; set one"
faintweb_cache=${XDG_CACHE_HOME:-$HOME/.cache}/faintweb
mkdir -p "$faintweb_cache" 2>/dev/null || fail "$faintweb_cache cannot be made; set XDG_CACHE_HOME to a folder you may write to"
if ! has_cuda_toolkit && [[ -x /usr/local/cuda/bin/nvcc ]]; then
    export PATH=$PATH:/usr/local/cuda/bin
fi
install_packages "${faintweb_packages[@]}"
remove_stale_partials
install_libtorch
export FAINTWEB_FLAVOUR FAINTWEB_LIBTORCH
export CMAKE_PREFIX_PATH=$FAINTWEB_LIBTORCH${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(compile_jobs)}
say "ready: LibTorch ($FAINTWEB_FLAVOUR) in $FAINTWEB_LIBTORCH"
