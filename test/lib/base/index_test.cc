// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/index.h"

#include <cstdint>
#include <type_traits>

#include <gtest/gtest.h>

#include "lib/base/text.h"

namespace faintweb::base {
namespace {

using SheepId = Index<struct Sheep, std::int32_t>;
using GoatId = Index<struct Goat, std::int64_t>;

static_assert(!std::is_convertible_v<int, SheepId> && !std::is_convertible_v<SheepId, int>);
static_assert(!std::is_constructible_v<int, SheepId>);
static_assert(!std::is_convertible_v<SheepId, GoatId> && !std::is_constructible_v<GoatId, SheepId>);
static_assert(std::is_trivially_copyable_v<SheepId> && sizeof(SheepId) == sizeof(std::int32_t));

template <typename A, typename B>
concept CanBeCompared = requires(A a, B b) {
    a == b;
};
static_assert(CanBeCompared<SheepId, SheepId> && !CanBeCompared<SheepId, GoatId> &&
              !CanBeCompared<SheepId, int>);

TEST(Index, CountsFromZero) {
    SheepId sheep;
    EXPECT_EQ(sheep, SheepId(0));
    EXPECT_EQ(++sheep, SheepId(1));
    EXPECT_LT(sheep, SheepId(2));
    EXPECT_EQ(sheep.value(), 1);
    EXPECT_EQ(sheep.place(), 1U);
}

TEST(Index, PrintsAsItsNumber) {
    EXPECT_EQ(text("goat ", GoatId(std::int64_t{1} << 40)), "goat 1099511627776");
}

#ifdef FAINTWEB_CONTRACTS
TEST(IndexDeathTest, HoldsNoNumberThatDoesNotFit) {
    EXPECT_DEATH(SheepId(std::int64_t{1} << 40), "broken contract");
}
#endif

}  // namespace
}  // namespace faintweb::base
