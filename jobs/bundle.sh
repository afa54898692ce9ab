#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Packs the built program with Open MPI and every library that a bare machine lacks into one folder
# (about 60 MB) that runs from wherever it is copied to:
#
#     bash jobs/bundle.sh build/cuda bundle && scp -r bundle machine: && ssh machine bundle/run -n 2 faintweb ...
#
# `bash jobs/gpu-check.sh bundle` then tells whether training on its GPU is right and fast.
#
# Not in it: glibc, the GPU's driver, and LibTorch with its CUDA libraries, which are too large: the
# machine needs the `torch` Python package of the version that the program was built with, in its
# python3 or in the folder that FAINTWEB_LIBTORCH names.
set -euo pipefail
fail() { echo "jobs/bundle.sh: $1" >&2; exit 1; }
[[ $# -eq 2 ]] || fail "usage: bash jobs/bundle.sh BUILD_FOLDER BUNDLE_FOLDER"
build=$1 bundle=$2
[[ -x $build/apps/faintweb ]] || fail "there is no $build/apps/faintweb; build it first (cmake --build --preset cuda)"
[[ ! -e $bundle || -e $bundle/.faintweb_bundle ]] || fail "$bundle is there and no bundle; name a new folder"
rm -rf -- "$bundle"
mkdir -p -- "$bundle/bin" "$bundle/lib"
touch -- "$bundle/.faintweb_bundle"

programs=("$build/apps/faintweb")
# What gpu-check.sh runs.
if [[ -e $build/build.ninja ]] && grep -q bench_gpu_fields "$build/build.ninja"; then
    cmake --build "$build" --target bench_training bench_gpu_fields
fi
for test in "$build"/test/lib/infer/test_infer_gpu "$build"/test/bench/bench_{training,gpu_fields}; do
    [[ ! -x $test || -d $test ]] || programs+=("$test")
done
cp "${programs[@]}" "$bundle/bin/"
strip "$bundle"/bin/*

# Open MPI looks for its plugins below the folder that OPAL_PREFIX names, laid out as it was installed.
mpi_path() { ompi_info --path "$1" --parsable | cut -d: -f3; }
prefix=$(mpi_path prefix)
for folder in "$(mpi_path pkglibdir)" "$(mpi_path pkgdatadir)"; do
    mkdir -p "$bundle/mpi/${folder#"$prefix"/}"
    cp -rL "$folder/." "$bundle/mpi/${folder#"$prefix"/}"
done
mkdir -p "$bundle/mpi/bin"
cp -L "$(command -v mpirun)" "$bundle/mpi/bin/mpirun"
cp -L "$(command -v orted)" "$bundle/mpi/bin/orted"
# PMIx, which starts the ranks, has plugins of its own.
pmix_plugins=$(find /usr/lib -type d -path '*/pmix2/lib/pmix' | head -n 1)
pmix_prefix=${pmix_plugins%/lib/pmix}
if [[ -n $pmix_plugins ]]; then
    mkdir -p "$bundle/pmix/lib"
    cp -rL "$pmix_plugins" "$bundle/pmix/lib/pmix"
    if [[ -d $pmix_prefix/share/pmix ]]; then
        mkdir -p "$bundle/pmix/share"
        cp -rL "$pmix_prefix/share/pmix" "$bundle/pmix/share/pmix"
    fi
fi

# Libraries of the programs and the plugins; those of glibc, the driver and LibTorch stay behind.
not_ours='/(ld-linux.*|libc|libm|libdl|librt|libpthread|libresolv|libutil|libcuda|libnvidia-.*)\.so|/torch/|/nvidia/|/cuda'
find "$bundle" -type f \( -name '*.so*' -o -perm -u+x \) -print0 |
    xargs -0 -r ldd 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
    { grep -Ev "$not_ours" || true; } | xargs -r cp -L -t "$bundle/lib"

cat >"$bundle/run" <<'EOF'
#!/usr/bin/env bash
# run [-n RANKS] PROGRAM ARGUMENTS...: a program of this bundle on this machine.
# run --environment: the variables that its programs and its mpirun need, for other scripts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ranks=1
if [[ ${1:-} == -n ]]; then ranks=$2; shift 2; fi
if [[ ${1:-} == --environment ]]; then environment_only=1; else environment_only=0; fi
[[ $# -gt 0 ]] || { echo "usage: run [-n RANKS] PROGRAM ARGUMENTS...; programs:" "$(ls "$here/bin")" >&2; exit 2; }
torch=${FAINTWEB_LIBTORCH:-$(python3 -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null || true)}
[[ -e $torch/lib/libtorch_cpu.so ]] || { echo "run: there is no LibTorch; set FAINTWEB_LIBTORCH to the folder of the torch Python package" >&2; exit 2; }
libraries=$here/lib:$torch/lib
for folder in "$torch"/../nvidia/*/lib; do libraries+=:$folder; done
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export OPAL_PREFIX=$here/mpi PMIX_INSTALL_PREFIX=$here/pmix PATH=$here/mpi/bin:$PATH
export OMPI_MCA_btl_vader_single_copy_mechanism=none
# Its own plugins alone: those of another PMIx on the machine do not fit.
export PMIX_MCA_mca_base_component_path=$here/pmix/lib/pmix PMIX_MCA_pcompress_base_silence_warning=1
if [[ $EUID -eq 0 ]]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
if [[ $environment_only -eq 1 ]]; then
    printf '%s=%q\n' LD_LIBRARY_PATH "$LD_LIBRARY_PATH" OPAL_PREFIX "$OPAL_PREFIX" PMIX_INSTALL_PREFIX "$PMIX_INSTALL_PREFIX" \
        PMIX_MCA_mca_base_component_path "$PMIX_MCA_mca_base_component_path" PMIX_MCA_pcompress_base_silence_warning 1 PATH "$PATH"
    exit
fi
program=$1
shift
if [[ -x $here/bin/$program ]]; then program=$here/bin/$program; fi
exec mpirun --oversubscribe --bind-to none -n "$ranks" "$program" "$@"
EOF
chmod +x "$bundle/run"
du -sh "$bundle" | awk '{print "jobs/bundle.sh: " $2 " holds " $1}'
