// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <functional>

namespace faintweb::base {

/// Cores that this process may run on (its affinity mask, not the machine's total).
int n_available_cores();

/// Calls work(i) for every i in [0, n) on up to n_threads threads, which take the next i as they
/// become free. The first exception stops the hand-out and is rethrown here.
void parallel_for(int n_threads, std::size_t n, const std::function<void(std::size_t)>& work);

}  // namespace faintweb::base
