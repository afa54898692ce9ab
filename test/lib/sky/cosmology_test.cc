#include "lib/sky/cosmology.h"

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

TEST(Cosmology, comoving_distance_matches_the_table_of_the_design) {
    for (const auto& [z, mpc] : {std::pair{0.04, 175.2},
                                 std::pair{0.1, 431.8},
                                 std::pair{0.2, 842.2},
                                 std::pair{0.3, 1231.0},
                                 std::pair{0.4, 1598.3},
                                 std::pair{0.5, 1944.5}}) {
        EXPECT_NEAR(comoving_distance_mpc(Cosmology{}, z), mpc, 0.06) << "z = " << z;
    }
    EXPECT_EQ(comoving_distance_mpc(Cosmology{}, 0), 0);
}

TEST(Cosmology, growth_is_one_today_and_follows_the_scale_factor_early) {
    EXPECT_DOUBLE_EQ(growth_factor(Cosmology{}, 0), 1);
    // While matter dominates, D grows like a.
    EXPECT_NEAR(growth_factor(Cosmology{}, 50) / growth_factor(Cosmology{}, 101), 2, 1e-3);
    // Carroll, Press & Turner 1992, equation 29, today: D(a = 1) / D_EdS(a = 1).
    const double matter = Cosmology{}.omega_matter;
    const double lambda = Cosmology{}.omega_lambda();
    const double suppression =
        2.5 * matter / (std::pow(matter, 4.0 / 7) - lambda + (1 + matter / 2) * (1 + lambda / 70));
    EXPECT_NEAR(1 / (growth_factor(Cosmology{}, 100) * 101), suppression, 0.01 * suppression);
}

TEST(Cosmology, mean_electron_density_today) {
    EXPECT_NEAR(mean_electron_density_cm3(Cosmology{}, 0), 2.2e-7, 0.05e-7);
    EXPECT_NEAR(
        mean_electron_density_cm3(Cosmology{}, 1) / mean_electron_density_cm3(Cosmology{}, 0),
        8,
        1e-12);
}

}  // namespace
}  // namespace faintweb::sky
