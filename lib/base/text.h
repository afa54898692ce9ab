// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <sstream>
#include <string>

namespace faintweb::base {

/// Joins its arguments as `operator<<` prints them. fmt is not used in headers: LibTorch brings a
/// fmt of its own that does not go with Debian's (docs/design.md, "Dependencies").
template <typename... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream stream;
    (stream << ... << parts);
    return stream.str();
}

}  // namespace faintweb::base
