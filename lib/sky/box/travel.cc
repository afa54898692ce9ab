// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/travel.h"

#include <atomic>
#include <cmath>

namespace faintweb::sky {

std::vector<std::int64_t> deposit(const Team& team,
                                  const Travel& travel,
                                  int n_particles,
                                  int n_mesh) {
    const auto n = static_cast<std::size_t>(n_mesh);
    const Planes own = team.planes(n_mesh);
    const auto n_own = static_cast<std::size_t>(own.size());
    // Those above the last own plane weigh on the next one, too.
    const bool has_next = n_own < n;
    std::vector<std::int64_t> quanta((n_own + (has_next ? 1 : 0)) * n * n, 0);
    const float mass = static_cast<float>(std::pow(static_cast<double>(n_mesh) / n_particles, 3)) *
                       quanta_per_cell;
    travel.for_each_visitor([&](std::size_t v) {
        const Place& place = travel.visitors()[v];
        const Between x = between(place[0], n_mesh);
        const Between y = between(place[1], n_mesh);
        const Between z = between(place[2], n_mesh);
        const auto add = [&](int ix, int iy, int iz, float share) {
            const std::size_t plane =
                own.contains(ix) ? static_cast<std::size_t>(ix - own.first) : n_own;
            const std::size_t cell =
                (plane * n + static_cast<std::size_t>(iy)) * n + static_cast<std::size_t>(iz);
            std::atomic_ref<std::int64_t>(quanta[cell])
                .fetch_add(static_cast<std::int64_t>(mass * share), std::memory_order_relaxed);
        };
        const float xy00 = (1 - x.share) * (1 - y.share);
        const float xy01 = (1 - x.share) * y.share;
        const float xy10 = x.share * (1 - y.share);
        const float xy11 = x.share * y.share;
        add(x.low, y.low, z.low, xy00 * (1 - z.share));
        add(x.low, y.low, z.high, xy00 * z.share);
        add(x.low, y.high, z.low, xy01 * (1 - z.share));
        add(x.low, y.high, z.high, xy01 * z.share);
        add(x.high, y.low, z.low, xy10 * (1 - z.share));
        add(x.high, y.low, z.high, xy10 * z.share);
        add(x.high, y.high, z.low, xy11 * (1 - z.share));
        add(x.high, y.high, z.high, xy11 * z.share);
    });
    if (has_next) {
        const std::vector<std::int64_t> from_below =
            pass_on(team,
                    std::vector<std::int64_t>(quanta.end() - static_cast<std::ptrdiff_t>(n * n),
                                              quanta.end()),
                    1);
        for (std::size_t cell = 0; cell < n * n; ++cell) {
            quanta[cell] += from_below[cell];
        }
    }
    return quanta;
}

}  // namespace faintweb::sky
