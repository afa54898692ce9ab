// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <sstream>
#include <string>

namespace faintweb::base {

/// Joins its arguments as `operator<<` prints them: for headers and for what is compiled with
/// LibTorch, whose own fmt does not go with Debian's (docs/design.md, "Dependencies"). All other
/// files write `fmt::format`.
template <typename... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream stream;
    (stream << ... << parts);
    return stream.str();
}

}  // namespace faintweb::base
