// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace faintweb::learn {

/// Whether Linux names a flag of this CPU.
///
/// @param flag  "avx512_bf16".
inline bool cpu_has(const std::string& flag) {
    std::ifstream file("/proc/cpuinfo");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.find(" " + flag) != std::string::npos;
}

}  // namespace faintweb::learn
