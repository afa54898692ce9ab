// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/learn/network.h"

namespace faintweb::learn {

/// Contents of a safetensors file: texts by name, and float32 tensors in the order of their data.
struct Safetensors {
    std::map<std::string, std::string> metadata;
    std::vector<Tensor> tensors;
};

/// Reads the bytes of a safetensors file and trusts none of them.
///
/// @param bytes  the whole file.
/// @param path   for messages.
/// @throws UsageError  if the bytes are of another kind of file, the header is longer than the file
///     or than 1 MiB, is not JSON of the right form or names something twice, a tensor is not
///     float32, does not have the bytes that its shape needs or leaves the file, or tensors overlap
///     or leave a hole.
/// @source The format description of the safetensors project (huggingface/safetensors, README).
Safetensors parse_safetensors(const std::string& bytes, const std::string& path);

/// The bytes of a safetensors file; the same contents give the same bytes.
std::string safetensors_bytes(const Safetensors& contents);

}  // namespace faintweb::learn
