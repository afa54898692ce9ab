# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Speed of training in plain PyTorch, as a user would write it: cosmodeep on the tiles of a folder.

python3 training_peer.py FOLDER BATCH N_STEPS ddp|single fp32|best|best_fp32|graph N_THREADS [cpu|cuda]

ddp: two processes of N_THREADS threads, DistributedDataParallel over gloo; single: one process.
fp32: defaults. best: bf16 autocast, channels_last, fused Adam, set_to_none gradients; best_fp32: the same
without autocast, for a CPU that has no bf16. graph: best, replayed as one CUDA graph.
"""

import json
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

N_WARM_UP = 10


class Cosmodeep(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.hidden = nn.Linear(6400, 1024)
        self.dropout = nn.Dropout(0.25)
        self.output = nn.Linear(1024, 2)
        # As ours begins, so that both learn alike.
        for layer, gain in ((self.conv1, 2), (self.conv2, 2), (self.hidden, 2), (self.output, 1)):
            nn.init.normal_(layer.weight, std=(gain / layer.weight[0].numel()) ** 0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, tiles):
        maps = F.max_pool2d(F.relu(self.conv1(tiles)), 2)
        maps = F.max_pool2d(F.relu(self.conv2(maps)), 2)
        return self.output(self.dropout(F.relu(self.hidden(maps.flatten(1)))))


def read(folder, name):
    labels = torch.frombuffer(bytearray(open(f"{folder}/{name}labels.u8", "rb").read()), dtype=torch.uint8)
    tiles = torch.frombuffer(bytearray(open(f"{folder}/{name}tiles.f32", "rb").read()), dtype=torch.float32)
    return tiles.view(-1, 1, 40, 40), labels.long()


def run(rank, folder, batch, n_steps, n_ranks, flavour, n_threads, device):
    torch.set_num_threads(n_threads)
    if n_ranks > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29531")
        dist.init_process_group("gloo", rank=rank, world_size=n_ranks)
    is_best = flavour != "fp32"
    is_graph = flavour == "graph"
    torch.manual_seed(1)
    network = Cosmodeep().to(device)
    tiles, labels = (values.to(device) for values in read(folder, ""))
    if is_best:
        network = network.to(memory_format=torch.channels_last)
        tiles = tiles.to(memory_format=torch.channels_last)
    model = nn.parallel.DistributedDataParallel(network) if n_ranks > 1 else network
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-4, fused=is_best or None, capturable=is_graph)
    per_rank = batch // n_ranks
    n_batches = len(labels) // batch

    def learn(some_tiles, some_labels):
        optimiser.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16,
                            enabled=flavour in ("best", "graph")):
            loss = F.cross_entropy(model(some_tiles), some_labels)
        loss.backward()
        optimiser.step()

    def batch_of(number):
        first = number % n_batches * batch + rank * per_rank
        return tiles[first:first + per_rank], labels[first:first + per_rank]

    def take_step(number):
        learn(*batch_of(number))

    def wait():
        if n_ranks > 1:
            dist.barrier()
        if device == "cuda":
            torch.cuda.synchronize()

    if is_graph:
        shown = [values.clone() for values in batch_of(0)]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                learn(*shown)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            learn(*shown)

        def take_step(number):
            for place, values in zip(shown, batch_of(number)):
                place.copy_(values)
            graph.replay()

    for number in range(N_WARM_UP):
        take_step(number)
    wait()
    start = time.perf_counter()
    for number in range(N_WARM_UP, N_WARM_UP + n_steps):
        take_step(number)
    wait()
    seconds = time.perf_counter() - start
    if rank == 0:
        tiles, labels = (values.to(device) for values in read(folder, "test_"))
        network.eval()
        with torch.no_grad():
            called = network(tiles).argmax(1)
        n_found = (called * labels).sum().item()
        n_false = (called * (1 - labels)).sum().item()
        print(json.dumps({"tiles_per_s": n_steps * batch / seconds,
                          "a_s": n_found / (labels.sum().item() + n_false)}), flush=True)
    if n_ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    folder, batch, n_steps, kind, flavour, n_threads, device = (sys.argv[1:] + ["cpu"])[:7]
    n_ranks = 2 if kind == "ddp" else 1
    arguments = (folder, int(batch), int(n_steps), n_ranks, flavour, int(n_threads), device)
    if n_ranks == 1:
        run(0, *arguments)
    else:
        torch.multiprocessing.spawn(run, arguments, n_ranks)
