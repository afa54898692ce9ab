"""Detection in plain Python, as a user would write it: FITS maps in, an HDF5 file of scores out.

python3 detect_peer.py MODEL OUTPUT torch|tensorflow fp32|bf16 N_THREADS cpu|cuda MAP...

Reads with astropy, scales with the field's median and MAD, cuts tiles of 40 x 40, scores them with the
weights of a cosmodeep model of faintweb, writes all scores and the detected tiles with h5py. torch fp32:
eager, as it is written first; bf16: channels-last, the model in bfloat16. tensorflow: NHWC, bf16 for the
mixed policy. Each in the batch size that is fastest here, which is tried before the clock starts. Prints
one line of JSON; the seconds are from the first map opened to the output closed.
"""

import json
import struct
import sys
import time

import h5py
import numpy as np
from astropy.io import fits

TILE_PX = 40
BATCHES = (125, 500, 2500)


def read_model(path):
    with open(path, "rb") as file:
        (n_header,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(n_header))
        data = file.read()
    settings = json.loads(header.pop("__metadata__")["faintweb"])
    assert settings["network"] == "cosmodeep" and settings["scaling"] == "asinh_sigma"
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items()}


def tiles_of(path):
    with fits.open(path) as file:
        image = file[0].data.astype(np.float32)
    finite = image[np.isfinite(image)]
    median = np.median(finite)
    rms = 1.4826 * np.median(np.abs(finite - median))
    scaled = np.arcsinh((image - median) / rms)
    scaled = np.nan_to_num(scaled, nan=min(0.0, float(np.nanmin(scaled))))
    rows, cols = (n // TILE_PX for n in scaled.shape)
    return (scaled.reshape(rows, TILE_PX, cols, TILE_PX).swapaxes(1, 2)
            .reshape(rows * cols, TILE_PX, TILE_PX))


def torch_scorer(weights, precision, n_threads, device):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(n_threads)
    is_bf16 = precision == "bf16"
    values = {name: torch.tensor(value).to(device, torch.bfloat16 if is_bf16 else torch.float32)
              for name, value in weights.items()}
    if is_bf16:
        for name in ("conv1.weight", "conv2.weight"):
            values[name] = values[name].to(memory_format=torch.channels_last)

    def layer(name):
        return values[name + ".weight"], values[name + ".bias"]

    def score(tiles, batch):
        scores = []
        with torch.inference_mode():
            for first in range(0, len(tiles), batch):
                some = torch.from_numpy(tiles[first:first + batch])[:, None].to(device)
                if is_bf16:
                    some = some.to(torch.bfloat16).to(memory_format=torch.channels_last)
                maps = F.max_pool2d(F.relu(F.conv2d(some, *layer("conv1"), padding=1)), 2)
                maps = F.max_pool2d(F.relu(F.conv2d(maps, *layer("conv2"), padding=1)), 2)
                hidden = F.relu(F.linear(maps.flatten(1), *layer("hidden")))
                scores.append(F.linear(hidden, *layer("output")).float().softmax(1)[:, 1].cpu())
        return torch.cat(scores).numpy()

    return score


def tensorflow_scorer(weights, precision, n_threads, device):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if precision == "bf16":
        tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    layers = [tf.keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
              tf.keras.layers.MaxPooling2D(),
              tf.keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
              tf.keras.layers.MaxPooling2D(),
              tf.keras.layers.Flatten(),
              tf.keras.layers.Dense(1024, activation="relu"),
              tf.keras.layers.Dense(2, activation="softmax", dtype="float32")]
    model = tf.keras.Sequential([tf.keras.Input((TILE_PX, TILE_PX, 1)), *layers])
    # Ours see the second pooling map by map, TensorFlow's pixel by pixel.
    hidden = weights["hidden.weight"].reshape(1024, 64, 10, 10).transpose(2, 3, 1, 0).reshape(6400, 1024)
    for layer, kernel, bias in ((layers[0], weights["conv1.weight"].transpose(2, 3, 1, 0), "conv1.bias"),
                                (layers[2], weights["conv2.weight"].transpose(2, 3, 1, 0), "conv2.bias"),
                                (layers[5], hidden, "hidden.bias"),
                                (layers[6], weights["output.weight"].T, "output.bias")):
        layer.set_weights([kernel, weights[bias]])
    run = tf.function(lambda tiles: model(tiles, training=False), reduce_retracing=True)

    def score(tiles, batch):
        return np.concatenate([run(tf.constant(tiles[first:first + batch, :, :, None])).numpy()[:, 1]
                               for first in range(0, len(tiles), batch)])

    return score


def main(model, output, framework, precision, n_threads, device, *maps):
    make = {"torch": torch_scorer, "tensorflow": tensorflow_scorer}[framework]
    score = make(read_model(model), precision, int(n_threads), device)
    tiles = tiles_of(maps[0])
    times = {}
    for batch in BATCHES:
        score(tiles, batch)
        start = time.perf_counter()
        score(tiles, batch)
        times[batch] = time.perf_counter() - start
    best = min(times, key=times.get)

    start = time.perf_counter()
    all_scores = []
    detected = []
    for number, path in enumerate(maps):
        scores = score(tiles_of(path), best)
        all_scores.append(scores)
        detected += [(number, tile, scores[tile]) for tile in np.flatnonzero(scores > 0.5)]
    with h5py.File(output, "w") as file:
        file["score"] = np.stack(all_scores)
        file["tiles"] = np.array(detected, [("map", "i4"), ("tile", "i4"), ("score", "f4")])
    print(json.dumps({"seconds": time.perf_counter() - start, "batch": best}))


if __name__ == "__main__":
    main(*sys.argv[1:])
