// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::report {

// The text that says in every PNG file of ours whose it is: right behind the header, uncompressed.
inline constexpr const char* png_mark_key = "Software";
inline constexpr const char* png_mark = "faintweb";

/// Why a file is not a picture that we drew, as "is no ..."; empty if it is.
std::string objection_to_png(const std::string& path);

}  // namespace faintweb::report
