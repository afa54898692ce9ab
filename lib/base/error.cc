// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/error.h"

#include <cerrno>
#include <system_error>

namespace faintweb::base {

void throw_errno(const std::string& problem, int error_number) {
    const std::string message = problem + ": " + std::generic_category().message(error_number);
    if (error_number == ENOSPC || error_number == EDQUOT || error_number == EIO ||
        error_number == EROFS) {
        throw DiskError(message);
    }
    throw InputError(message);
}

}  // namespace faintweb::base
