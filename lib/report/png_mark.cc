// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/png_mark.h"

#include "lib/base/file.h"

namespace faintweb::report {

std::string objection_to_png(const std::string& path) {
    constexpr std::size_t signature_bytes = 8;
    constexpr std::size_t header_bytes = 25;
    constexpr std::size_t length_bytes = 4;
    constexpr std::size_t at = signature_bytes + header_bytes + length_bytes;
    const std::string mark = std::string("tEXt") + png_mark_key + '\0' + png_mark;
    const std::string bytes = base::first_bytes(path, at + mark.size());
    return bytes.starts_with("\x89PNG") && bytes.size() > at && bytes.substr(at) == mark
               ? ""
               : "is no picture that faintweb drew";
}

}  // namespace faintweb::report
