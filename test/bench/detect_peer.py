# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""From FITS fields to scores in HDF5 as a user of Python writes it: astropy, numpy, PyTorch or TensorFlow, h5py.

python3 detect_peer.py MODEL OUTPUT.h5 MAPS... [--framework torch|tensorflow] [--precision fp32|bf16]
    [--way WAY] [--batch TILES] [--processes N] [--threads N_OF_EACH] [--device cpu|cuda]

MODEL is a cosmodeep of faintweb with the scaling asinh_sigma, MAPS are fields of the same size. Prints the
seconds from the first file opened to the HDF5 file closed; before, each process has classified the first
map once, so that what a framework sets up on first use is not in them. Exit code 2: no such framework here.
"""

import argparse
import json
import multiprocessing
import sys
import time

import h5py
import numpy as np
from astropy.io import fits

# How else the same numbers can be had, by framework and precision.
WAYS = {("torch", "fp32"): ("eager", "channels_last"), ("torch", "bf16"): ("autocast", "cast"),
        ("tensorflow", "fp32"): ("graph", "xla"), ("tensorflow", "bf16"): ("graph", "xla")}


def read_model(path):
    """What faintweb says of a model, and its weights by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    about = json.loads(header.pop("__metadata__")["faintweb"])
    return about, {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
                   for name, entry in header.items()}


def read_field(path):
    return fits.getdata(path).astype(np.float32)


def cut_tiles(field, tile_px):
    """[rows, cols] -> [n_tiles, tile_px, tile_px], row by row."""
    rows, cols = (extent // tile_px for extent in field.shape)
    return field.reshape(rows, tile_px, cols, tile_px).swapaxes(1, 2).reshape(-1, tile_px, tile_px)


def scale(field):
    """asinh((flux - median) / rms), rms = 1.4826 median absolute deviations; blanks become 0.

    A factor of the unit cancels: maps in Jy/beam need not become Jy/arcsec2 first.
    """
    is_finite = np.isfinite(field)
    values = field if is_finite.all() else field[is_finite]
    median = np.median(values)
    rms = 1.4826022 * np.median(np.abs(values - median))
    scaled = np.arcsinh((field - median) / rms)
    return scaled if values is field else np.where(is_finite, scaled, 0)


def make_torch(weights, options):
    """A function from scaled tiles, [n, rows, cols], to their scores, [n]."""
    import torch
    from training_peer import Cosmodeep

    torch.set_num_threads(options.threads)
    network = Cosmodeep()
    network.load_state_dict({name: torch.tensor(values) for name, values in weights.items()})
    layout = torch.contiguous_format if options.way == "eager" else torch.channels_last
    dtype = torch.bfloat16 if options.way == "cast" else torch.float32
    network = network.eval().to(options.device, dtype, memory_format=layout)

    @torch.inference_mode()
    def score(tiles):
        tiles = torch.from_numpy(tiles)[:, None].to(options.device, dtype, memory_format=layout)
        with torch.autocast(options.device, torch.bfloat16, enabled=options.way == "autocast"):
            outputs = torch.cat([network(batch) for batch in tiles.split(options.batch)])
        return outputs.float().softmax(1)[:, 1].cpu().numpy()

    return score


def make_tensorflow(weights, options):
    """The same with the channels last, as TensorFlow has them: a convolution is [rows, cols, in, out]."""
    import tensorflow as tf
    from tensorflow import keras

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)  # processes share it
    if options.device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    if options.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    layers = keras.layers
    network = keras.Sequential([
        keras.Input((*options.tile_shape, 1)),
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(1024, activation="relu"), layers.Dense(2, dtype="float32")])
    rows, cols = (extent // 4 for extent in options.tile_shape)
    hidden = weights["hidden.weight"].reshape(1024, 64, rows, cols).transpose(2, 3, 1, 0).reshape(-1, 1024)
    network.set_weights([weights["conv1.weight"].transpose(2, 3, 1, 0), weights["conv1.bias"],
                         weights["conv2.weight"].transpose(2, 3, 1, 0), weights["conv2.bias"],
                         hidden, weights["hidden.bias"],
                         weights["output.weight"].T, weights["output.bias"]])
    forward = tf.function(lambda tiles: tf.nn.softmax(network(tiles, training=False))[:, 1],
                          jit_compile=options.way == "xla")

    def score(tiles):
        batches = (tiles[first:first + options.batch, ..., None] for first in range(0, len(tiles), options.batch))
        return np.concatenate([forward(tf.constant(batch)).numpy() for batch in batches])

    return score


def prepare(options, barrier=None):
    """Makes `classify` of this process; with a barrier, waits until all processes have theirs."""
    global classify
    about, weights = read_model(options.model)
    if (about["network"], about["scaling"]) != ("cosmodeep", "asinh_sigma"):
        sys.exit(f"{options.model} is no cosmodeep with the scaling asinh_sigma, train one with config/bench-model.yaml")
    options.tile_shape = (about["tile_px"],) * 2
    score = (make_torch if options.framework == "torch" else make_tensorflow)(weights, options)

    def classify(path):
        return score(cut_tiles(scale(read_field(path)), about["tile_px"]))

    classify(options.maps[0])
    if barrier:
        barrier.wait()


def classify_here(path):
    """`classify` of the process it runs in, as a pool takes it: a function of the module."""
    return classify(path)


def write_scores(options, map_over):
    """@param map_over  map, or that of a pool."""
    start = time.perf_counter()
    with h5py.File(options.output, "w") as file:
        scores = np.stack(list(map_over(classify_here, options.maps)))
        file["score"] = scores
        field, tile = np.nonzero(scores > 0.5)
        file["tiles"] = np.rec.fromarrays([field, tile, scores[field, tile]], names="field,tile,score")
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("maps", nargs="+")
    parser.add_argument("--framework", choices=("torch", "tensorflow"), default="torch")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--way", help=f"one of {WAYS}")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.way = options.way or WAYS[options.framework, options.precision][0]
    try:
        __import__(options.framework)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

    if options.processes == 1:
        prepare(options)
        write_scores(options, map)
        return
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(options.processes + 1)
    with context.Pool(options.processes, prepare, (options, barrier)) as pool:
        barrier.wait()
        write_scores(options, pool.imap)


if __name__ == "__main__":
    main()
