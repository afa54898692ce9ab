# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields to catalogue: ours against Python scripts with the same weights, in turns, on the same cores.

python3 detect_vs_pytorch.py FAINTWEB FOLDER [N_FIELDS] [N_ROUNDS] [--rows ROW,...] [--threads N]
    [--device cpu|cuda] [--tensorflow-python PYTHON] [--before PROGRAM]

With --before every row of ours is followed, in each round, by the same of another build of faintweb, and
their ratio is printed; the peers may then be left out, and scores are compared with those of that build.

Run by a Python that has numpy, astropy, h5py and torch; TensorFlow may have another one. FAINTWEB is the
program, FOLDER gets copies of the maps (16 MB a field, so all of them are in memory) and the results.
config/bench-model.yaml makes the model and the skies, once, in the user's cache. On a GPU take some
hundred fields, as ours would take no measurable time for 20. A CPU that has no instructions for bf16
takes many times as long with it: name the other rows there.

Fields/s leave out what each program does once: a peer tells the seconds from its first file opened to its
HDF5 file closed; of ours, the time for as many fields as there are cores is taken from that for all.
`start` is what was left out. The peers have the batch size, and all but `eager` also the layout and the
split into processes and threads, that was fastest in a trial before the rounds. `other tiles` are
called otherwise than by `eager` (or, without it, by the build before), from whose scores |dp| is counted too.
"""

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from detect_peer import WAYS, cut_tiles, read_field, read_model

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                            "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "TF_CPP_MIN_LOG_LEVEL": "2"}
PAPER = "10.4 +- 0.2 fields/s: the paper's network on one P100 (Gheller et al. 2018, section 4)"
BATCHES = (250, 50, 1250, 2500)
# Precision, and whether ranks (or threads) share the work.
OURS = {"faintweb": ("fp32", True), "faintweb-threads": ("fp32", False),
        "faintweb-bf16": ("bf16", True), "faintweb-bf16-threads": ("bf16", False)}
BEFORE = "before "
# Framework, precision and the ways to try.
PEERS = {"eager": ("torch", "fp32", ("eager",)),
         **{name: (*kind, WAYS[kind])
            for name, kind in (("fp32", ("torch", "fp32")), ("bf16", ("torch", "bf16")),
                               ("tensorflow", ("tensorflow", "bf16")), ("tensorflow-fp32", ("tensorflow", "fp32")))}}


class Setting(NamedTuple):
    """Of a peer: arguments of the same name."""
    way: str
    processes: int = 1
    batch: int = BATCHES[0]

    def __str__(self):
        return f"{self.way}, batch {self.batch}, {self.processes} processes"


class Refused(Exception):
    """A program does not have what is asked of it."""


def run(command, environment=ENVIRONMENT):
    """Its seconds and what it printed."""
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode == 2:
        raise Refused(next(line for line in done.stderr.splitlines() if line.strip()))
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return seconds, done.stdout


def processor():
    """Its name, and what it has of the instructions that networks are fast with."""
    about = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    about = {name.strip(): value.strip() for name, value in about.items()}
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
    return f"{about['model name']}: {' '.join(name for name in wanted if name in about['flags'].split())}"


def ranks(n):
    return ["mpirun", "--bind-to", "none", "-n", n]


def make_model(program, n_ranks):
    """The model's path, and those of its test skies with noise."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faintweb" / "bench-model"
    if not (cache / "model.safetensors").exists():
        print(f"making the model and the skies in {cache}: a few minutes", file=sys.stderr)
        run([*ranks(n_ranks), program, "run", HERE.parents[1] / "config" / "bench-model.yaml",
             "--set", f"output={cache}", "--set", f"boxes.folder={cache}/boxes"])
    return cache / "model.safetensors", sorted((cache / "skies" / "test").glob("noise_*.fits"))


class Bench:
    def __init__(self, options):
        self.options = options
        self.model, skies = make_model(options.faintweb, options.threads)
        self.folder = Path(options.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.maps = [self.folder / f"map_{i:03}.fits" for i in range(options.n_fields)]
        label = read_model(self.model)[0]["label_rule"]
        labels = []
        for i, path in enumerate(self.maps):
            sky = skies[i % len(skies)]
            shutil.copyfile(sky, path)
            flux = cut_tiles(read_field(sky.with_name(sky.name.replace("noise", "sky"))), 40)
            labels.append((flux > label["flux_threshold_jy_arcsec2"]).sum((1, 2)) > label["min_pixels"])
        self.labels = np.stack(labels)
        self.settings = {name: f"{options.threads} {'ranks' if has_ranks else 'threads'}"
                         for name, (_, has_ranks) in OURS.items()}
        self.settings |= {BEFORE + name: setting for name, setting in self.settings.items()}

    def output(self, name):
        return self.folder / f"{name}.h5"

    def run_ours(self, name, maps):
        precision, has_ranks = OURS[name.removeprefix(BEFORE)]
        program = self.options.before if name.startswith(BEFORE) else self.options.faintweb
        n = self.options.threads
        self.output(name).unlink(missing_ok=True)
        command = [*ranks(n if has_ranks else 1), program, "detect", "--model", self.model,
                   "-o", self.output(name)]
        for setting in (f"parallel.threads={1 if has_ranks else n}", f"parallel.device={self.options.device}",
                        f"detect.precision={precision}", "parallel.scatter=windows"):
            command += ["--set", setting]
        return run([*command, *maps])[0]

    def run_peer(self, name, maps, setting):
        framework, precision, _ = PEERS[name]
        python, environment = sys.executable, ENVIRONMENT
        if framework == "tensorflow" and self.options.tensorflow_python:
            python = self.options.tensorflow_python
            environment = {key: value for key, value in environment.items() if key != "PYTHONPATH"}
        command = [python, HERE / "detect_peer.py", self.model, self.output(name), *maps, "--framework", framework,
                   "--precision", precision, "--device", self.options.device,
                   "--threads", self.options.threads // setting.processes]
        for key, value in setting._asdict().items():
            command += [f"--{key}", value]
        whole, text = run(command, environment)
        seconds = json.loads(text.splitlines()[-1])["seconds"]
        return seconds, whole - seconds

    def choose_setting(self, name):
        """One choice after the other, each with the best of those before it."""
        ways = PEERS[name][2]
        splits = (1,) if name == "eager" else (1, self.options.threads)
        maps = self.maps[:2 * self.options.threads]
        seconds = functools.cache(lambda setting: self.run_peer(name, maps, setting)[0])
        best = Setting(ways[0])
        for key, choices in (("way", ways), ("processes", splits), ("batch", BATCHES)):
            best = min((best._replace(**{key: choice}) for choice in choices), key=seconds)
        return best

    def measure(self, name):
        """Fields/s, and the seconds that these leave out."""
        n = len(self.maps)
        if name.removeprefix(BEFORE) in OURS:
            n_base = self.options.threads
            base = self.run_ours(name, self.maps[:n_base])
            whole = self.run_ours(name, self.maps)
            speed = (n - n_base) / (whole - base)
            return speed, whole - n / speed
        seconds, start = self.run_peer(name, self.maps, self.settings[name])
        return n / seconds, start

    def scores(self, name):
        """[n_fields, n_tiles]"""
        with h5py.File(self.output(name)) as file:
            if name.removeprefix(BEFORE) in OURS:
                assert np.array_equal(file["fields"]["map"], np.arange(len(self.maps)))
            return file["score"][:].reshape(len(self.maps), -1)

    def run(self):
        rows = self.options.rows.split(",")
        if self.options.before:
            rows = [row for name in rows for row in ((name, BEFORE + name) if name in OURS else (name,))]
        elif "eager" not in rows:
            rows.append("eager")
        skipped = {}
        for name in rows:
            try:
                if name.removeprefix(BEFORE) in OURS:
                    self.run_ours(name, self.maps[:1])
                else:
                    self.settings[name] = self.choose_setting(name)
                print(f"{name}: {self.settings[name]}", file=sys.stderr)
            except Refused as reason:
                skipped[name] = reason
        rows = [name for name in rows if name not in skipped]
        results = {name: [] for name in rows}
        for number in range(self.options.n_rounds):
            for name in rows:
                results[name].append(self.measure(name))
                print(f"round {number + 1}: {name}: {results[name][-1][0]:.2f} fields/s", file=sys.stderr)

        standard = "eager" if "eager" in rows else next(name for name in rows if name.startswith(BEFORE))
        reference = self.scores(standard)
        print(f"{processor()}; {self.options.threads} cores, {self.options.device}; "
              f"{len(self.maps)} fields of 2500 tiles, {self.options.n_rounds} rounds\n")
        print(f"{'':22}{'fields/s':>10}{'/ ' + standard.split()[0]:>9}{'start s':>9}{'other tiles':>13}{'max |dp|':>10}"
              f"{'99.9 %':>10}{'A_s':>8}")
        for name in rows:
            speed = statistics.median(speed for speed, _ in results[name])
            ratio = statistics.median(ours[0] / eager[0] for ours, eager in zip(results[name], results[standard]))
            start = statistics.median(start for _, start in results[name])
            scores = self.scores(name)
            is_called = scores > 0.5
            n_other = np.count_nonzero(is_called != (reference > 0.5))
            differences = np.abs(scores - reference)
            a_s = np.count_nonzero(is_called & self.labels) / np.count_nonzero(is_called | self.labels)
            print(f"{name:22}{speed:10.2f}{ratio:9.2f}{start:9.1f}{n_other:13}{differences.max():10.1e}"
                  f"{np.quantile(differences, 0.999):10.1e}{a_s:8.4f}  {self.settings[name]}")
        for name in rows:
            if BEFORE + name in rows:
                ratios = sorted(now[0] / before[0] for now, before in zip(results[name], results[BEFORE + name]))
                print(f"{name}: {statistics.median(ratios):.3f} times as fast as before "
                      f"({ratios[0]:.3f} to {ratios[-1]:.3f})")
        for name, reason in skipped.items():
            print(f"{name:22} skipped: {reason}")
        print(f"\n{PAPER}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("faintweb")
    parser.add_argument("folder")
    parser.add_argument("n_fields", type=int, nargs="?", default=24)
    parser.add_argument("n_rounds", type=int, nargs="?", default=3)
    parser.add_argument("--rows", default=",".join([*OURS, *PEERS]))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--tensorflow-python")
    parser.add_argument("--before", metavar="PROGRAM", help="another build of faintweb, a paired row for each of ours")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
    Bench(options).run()


if __name__ == "__main__":
    main()
