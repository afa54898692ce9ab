// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/team.h"

#include <cstdint>

#include "lib/base/contract.h"

namespace faintweb::sky {

Planes planes_of(int n, int n_members, int member) {
    FAINTWEB_EXPECTS(1 <= n_members && n_members <= n && 0 <= member && member < n_members);
    const auto start = [&](std::int64_t m) { return static_cast<int>(n * m / n_members); };
    return {start(member), start(member + 1)};
}

int owner_of(int plane, int n, int n_members) {
    FAINTWEB_EXPECTS(0 <= plane && plane < n);
    return static_cast<int>(((plane + std::int64_t{1}) * n_members - 1) / n);
}

}  // namespace faintweb::sky
