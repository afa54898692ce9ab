// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::base {

/// Version of the program, "0.4.0".
std::string version();

}  // namespace faintweb::base
