// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/version.h"

namespace faintweb::base {

std::string version() {
    return FAINTWEB_VERSION;
}

}  // namespace faintweb::base
