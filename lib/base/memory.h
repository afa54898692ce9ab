// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace faintweb::base {

/// Memory that this process frees stays with it from now on. For work that takes and gives back
/// megabytes again and again: else the system takes each of them away and clears it anew, which
/// costs as much as the work.
void keep_freed_memory();

}  // namespace faintweb::base
