# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Training of cosmodeep on two cores: ours against plain PyTorch, in turns, on the same tiles.

python3 training.py BENCH_TRAINING [N_ROUNDS] [N_STEPS] [cpu|cuda] [BEFORE]    (a Python that has torch)

BENCH_TRAINING is the program of training.cc, built as a release (-DBUILD_TESTING=ON). With cuda
one GPU is used, with one rank that sums by NCCL. On a CPU whose cores do not multiply bf16
themselves all train in fp32. Prints tiles/s (median of the rounds),
A_s on unseen tiles after the same number of steps, ratios (median over rounds of what ran next to one
another), and where our time went. With BEFORE, the same program of another build, each row of ours is
followed by its row there, their ratio is printed, and PyTorch takes no part.
"""

import ctypes
import json
import os
import subprocess
import statistics
import sys
import tempfile

import torch

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "training_peer.py")
ENVIRONMENT = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def fast_precision():
    """The faster one on this CPU: bf16 only where its cores multiply it themselves."""
    with open("/proc/cpuinfo") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    return "bf16" if "avx512_bf16" in flags or "amx_bf16" in flags else "fp32"


def write_tiles(folder, name, n, seed):
    """Noise of rms 1; in every second tile a round blob of random place and brightness."""
    generator = torch.Generator().manual_seed(seed)
    tiles = torch.randn(n, 40, 40, generator=generator)
    labels = (torch.arange(n) % 2).to(torch.uint8)
    place = torch.rand(n, 2, generator=generator) * 40
    peak = 0.8 + 1.2 * torch.rand(n, generator=generator)
    axis = torch.arange(40.0)
    distance = ((axis[None, :, None] - place[:, 0, None, None]) ** 2
                + (axis[None, None, :] - place[:, 1, None, None]) ** 2)
    tiles += (labels * peak)[:, None, None] * torch.exp(-distance / 18)
    for path, values in ((f"{name}tiles.f32", tiles), (f"{name}labels.u8", labels)):
        with open(os.path.join(folder, path), "wb") as file:
            file.write(ctypes.string_at(values.data_ptr(), values.nbytes))


def run(command):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("{"))
    return json.loads(lines[at]), "\n".join(lines[at + 1:])


def main(program, n_rounds=3, n_steps=300, device="cpu", before=None):
    n_rounds, n_steps = int(n_rounds), int(n_steps)
    with tempfile.TemporaryDirectory() as folder:
        write_tiles(folder, "", 4000, 1)
        write_tiles(folder, "test_", 2000, 2)

        def ours(n_ranks, batch, precision, wire="fp32", reducer="auto"):
            return ["mpirun", "--bind-to", "none", "-n", str(n_ranks), program, folder,
                    str(batch), str(n_steps), precision, wire, reducer, device]

        def peer(kind, flavour, n_threads, batch=100):
            return [sys.executable, PEER, folder, str(batch), str(n_steps), kind, flavour, str(n_threads), device]

        if device == "cuda":
            runs = {f"{whose}, batch {batch}": command
                    for batch in (100, 1000)
                    for whose, command in (("ours bf16", ours(1, batch, "bf16", reducer="nccl")),
                                           ("PyTorch best", peer("single", "best", 1, batch)),
                                           ("PyTorch best, CUDA graph", peer("single", "graph", 1, batch)),
                                           ("ours fp32", ours(1, batch, "fp32", reducer="nccl")),
                                           ("PyTorch fp32", peer("single", "fp32", 1, batch)))}
            pairs = [(f"ours {ours_is}, batch {batch}", f"PyTorch {theirs}, batch {batch}")
                     for batch in (100, 1000)
                     for ours_is, theirs in (("bf16", "best"), ("bf16", "best, CUDA graph"), ("fp32", "fp32"))]
            tabled = ["ours bf16, batch 100", "ours bf16, batch 1000"]
        else:
            fast = fast_precision()
            best = "best" if fast == "bf16" else "best_fp32"
            runs = {
                f"ours 2x1 {fast}": ours(2, 100, fast),
                "PyTorch DDP/gloo 2x1 fp32": peer("ddp", "fp32", 1),
                "PyTorch best, 2 threads": peer("single", best, 2),
                f"ours 2x1 {fast}, bf16 on the wire": ours(2, 100, fast, "bf16"),
                f"ours 2x1 {fast}, MPI_Iallreduce": ours(2, 100, fast, "fp32", "mpi"),
                "ours 2x1 fp32": ours(2, 100, "fp32"),
                f"ours 1x1 {fast}": ours(1, 100, fast),
                f"ours 2x1 {fast}, batch 200": ours(2, 200, fast),
                "PyTorch best, 1 thread": peer("single", best, 1),
            }
            pairs = [(f"ours 2x1 {fast}", "PyTorch best, 2 threads"),
                     (f"ours 2x1 {fast}, bf16 on the wire", "PyTorch best, 2 threads"),
                     *((name, "PyTorch DDP/gloo 2x1 fp32") for name in runs if name in (f"ours 2x1 {fast}", "ours 2x1 fp32")),
                     (f"ours 1x1 {fast}", "PyTorch best, 1 thread")]
            tabled = [f"ours 1x1 {fast}", f"ours 2x1 {fast}", f"ours 2x1 {fast}, batch 200"]
        if before:
            of_ours = {name: command for name, command in runs.items() if name.startswith("ours")}
            runs = {}
            for name, command in of_ours.items():
                runs[name] = command
                runs[f"before: {name}"] = [before if word == program else word for word in command]
            pairs = [(name, f"before: {name}") for name in of_ours]
        results = {name: [] for name in runs}
        tables = {}
        for round_number in range(n_rounds):
            for name, command in runs.items():
                result, tables[name] = run(command)
                results[name].append(result)
                print(f"round {round_number + 1}: {name}: {result['tiles_per_s']:.0f} tiles/s", file=sys.stderr)

    def speed(name):
        return statistics.median(result["tiles_per_s"] for result in results[name])

    def ratio(name, other):
        return statistics.median(a["tiles_per_s"] / b["tiles_per_s"]
                                 for a, b in zip(results[name], results[other]))

    print(f"{'':36}{'tiles/s':>10}{'A_s':>8}")
    for name in runs:
        print(f"{name:36}{speed(name):10.0f}{results[name][-1]['a_s']:8.3f}")
    print("\nratios")
    for name, other in pairs:
        print(f"{ratio(name, other):6.2f}  {name} / {other}")
    if device == "cpu":
        strong = ratio(f"ours 2x1 {fast}", f"ours 1x1 {fast}") / 2
        weak = ratio(f"ours 2x1 {fast}, batch 200", f"ours 1x1 {fast}") / 2
        print(f"{strong:6.2f}  strong scaling, 1 -> 2 ranks, batch 100")
        print(f"{weak:6.2f}  weak scaling, 1 -> 2 ranks, 100 tiles each")
    for name in tabled:
        print(f"\n{name}\n{tables[name]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
