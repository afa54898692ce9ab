# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a model with Python's safetensors, prints name and sha256 of each tensor and the network, and
writes it again: read_safetensors.py MODEL AGAIN."""

import hashlib
import json
import sys

from safetensors import safe_open
from safetensors.numpy import save_file

model, again = sys.argv[1:]
with safe_open(model, framework="np") as file:
    metadata = file.metadata()
    tensors = {name: file.get_tensor(name) for name in file.offset_keys()}
for name, tensor in tensors.items():
    print(name, hashlib.sha256(tensor.tobytes()).hexdigest())
print(json.loads(metadata["faintweb"])["network"])
save_file(tensors, again, metadata=metadata)
