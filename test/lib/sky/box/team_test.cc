// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/team.h"

#include <vector>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

TEST(Team, slabs_of_awkward_sizes) {
    struct Case {
        int n;
        int n_members;
        std::vector<int> starts;  // of the slabs, and the end of the last
    };
    for (const Case& c : {Case{4, 1, {0, 4}}, Case{4, 4, {0, 1, 2, 3, 4}}, Case{5, 2, {0, 2, 5}},
                          Case{10, 3, {0, 3, 6, 10}}, Case{10, 4, {0, 2, 5, 7, 10}},
                          Case{7, 6, {0, 1, 2, 3, 4, 5, 7}}}) {
        for (int member = 0; member < c.n_members; ++member) {
            const auto m = static_cast<std::size_t>(member);
            const Planes slab{c.starts[m], c.starts[m + 1]};
            EXPECT_EQ(planes_of(c.n, c.n_members, member), slab) << c.n << ' ' << c.n_members;
            for (int plane = 0; plane < c.n; ++plane) {
                EXPECT_EQ(owner_of(plane, c.n, c.n_members) == member, slab.contains(plane))
                    << c.n << ' ' << c.n_members << ' ' << plane;
            }
        }
    }
}

TEST(Team, every_plane_has_one_owner_and_slabs_are_even) {
    for (int n = 1; n <= 40; ++n) {
        for (int n_members = 1; n_members <= n; ++n_members) {
            int next = 0;
            for (int member = 0; member < n_members; ++member) {
                const Planes slab = planes_of(n, n_members, member);
                ASSERT_EQ(slab.first, next);
                ASSERT_GE(slab.size(), n / n_members);
                ASSERT_LE(slab.size(), n / n_members + 1);
                for (int plane = slab.first; plane < slab.end; ++plane) {
                    ASSERT_EQ(owner_of(plane, n, n_members), member);
                }
                next = slab.end;
            }
            ASSERT_EQ(next, n);
        }
    }
    EXPECT_EQ(planes_of(1 << 20, 1 << 19, (1 << 19) - 1), (Planes{(1 << 20) - 2, 1 << 20}));
}

TEST(Team, alone_one_keeps_all) {
    const Team alone;
    EXPECT_EQ(alone.planes(6), (Planes{0, 6}));
    EXPECT_EQ(exchange(alone, std::vector<int>{3, 1, 2}, {3}, {3}), (std::vector<int>{3, 1, 2}));
}

}  // namespace
}  // namespace faintweb::sky
