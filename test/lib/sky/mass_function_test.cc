#include "lib/sky/mass_function.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/sky/linear_power.h"

namespace faintweb::sky {
namespace {

TEST(MassFunction, sigma8_is_recovered) {
    EXPECT_NEAR(LinearPower(Cosmology{}).sigma(8 / Cosmology{}.h), Cosmology{}.sigma8, 1e-3);
}

TEST(MassFunction, transfer_is_one_on_large_scales_and_falls) {
    EXPECT_NEAR(matter_transfer(Cosmology{}, 1e-5), 1, 1e-3);
    double before = 1;
    for (const double k : {1e-3, 1e-2, 0.3, 1.0, 10.0, 100.0}) {
        const double now = matter_transfer(Cosmology{}, k);
        EXPECT_LT(now, before) << "k = " << k;
        EXPECT_GT(now, 0);
        before = now;
    }
    // Far below the horizon cold matter gives T ~ ln(k) / k^2.
    EXPECT_NEAR(matter_transfer(Cosmology{}, 200) / matter_transfer(Cosmology{}, 100),
                0.25 * 1.09,
                0.25 * 0.05);
}

TEST(MassFunction, sheth_tormen_counts_at_redshift_0_06) {
    const MassFunction function(Cosmology{});
    EXPECT_NEAR(function.n_greater_per_mpc3(1e14, 0.06), 1.39e-5, 0.03 * 1.39e-5);
    EXPECT_NEAR(function.n_greater_per_mpc3(3e14, 0.06), 2.5e-6, 0.03 * 2.5e-6);
}

TEST(MassFunction, fewer_haloes_at_higher_mass_and_earlier) {
    const MassFunction function(Cosmology{});
    const auto table = function.n_greater_table(0.3);
    ASSERT_EQ(table.size(), function.masses_msun().size());
    for (std::size_t i = 1; i < table.size(); ++i) {
        EXPECT_LT(table[i], table[i - 1]);
        EXPECT_GT(table[i], 0);
    }
    EXPECT_LT(function.n_greater_per_mpc3(1e14, 0.5), function.n_greater_per_mpc3(1e14, 0.1));
}

}  // namespace
}  // namespace faintweb::sky
