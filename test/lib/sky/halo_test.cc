#include "lib/sky/halo.h"

#include <cmath>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include "lib/sky/cosmology.h"
#include "lib/sky/mass_function.h"

namespace faintweb::sky {
namespace {

SkySettings small_field() {
    SkySettings settings;
    settings.size_px = 1000;
    return settings;
}

bool is_inside(const Halo& halo, const SkySettings& settings) {
    const double edge = static_cast<double>(settings.size_px) - 0.5;
    return halo.x_px >= -0.5 && halo.y_px >= -0.5 && halo.x_px < edge && halo.y_px < edge;
}

TEST(Haloes, counts_are_poisson_around_the_mass_function) {
    const SkySettings settings = small_field();
    // The mean by another route: one integral over distance instead of slices.
    const MassFunction function(Cosmology{});
    const double solid_angle = std::pow(1000 * 9.6 / 206264.806, 2);
    double mean = 0;
    constexpr int n_steps = 200;
    for (int i = 0; i < n_steps; ++i) {
        const double z = 0.04 + 0.46 * (i + 0.5) / n_steps;
        const double distance = comoving_distance_mpc(Cosmology{}, z);
        const double depth = light_speed_km_s / Cosmology{}.hubble_km_s_mpc() /
                             expansion_rate(Cosmology{}, z) * 0.46 / n_steps;
        mean += function.n_greater_per_mpc3(3e13, z) * distance * distance * depth * solid_angle;
    }
    EXPECT_NEAR(mean_halo_count(settings) / mean, 1, 2e-3);
    constexpr int n_skies = 40;
    double sum = 0;
    double squares = 0;
    for (std::uint64_t sky = 0; sky < n_skies; ++sky) {
        double n = 0;
        for (const Halo& halo : draw_haloes(settings, 7, sky)) {
            n += is_inside(halo, settings);
        }
        sum += n;
        squares += n * n;
    }
    EXPECT_NEAR(sum / n_skies, mean, 4 * std::sqrt(mean / n_skies));
    const double variance = (squares - sum * sum / n_skies) / (n_skies - 1);
    // The variance of 40 Poisson counts scatters by sqrt(2 / 39) = 23 %.
    EXPECT_NEAR(variance / mean, 1, 0.75);
}

TEST(Haloes, masses_follow_the_mass_function) {
    const SkySettings settings = small_field();
    SkySettings heavier = settings;
    heavier.min_mass_msun = 1e14;
    double n = 0;
    constexpr int n_skies = 20;
    for (std::uint64_t sky = 0; sky < n_skies; ++sky) {
        for (const Halo& halo : draw_haloes(settings, 8, sky)) {
            n += is_inside(halo, settings) && halo.mass_msun >= 1e14;
        }
    }
    const double expected = n_skies * mean_halo_count(heavier);
    EXPECT_NEAR(n, expected, 4 * std::sqrt(expected));
}

TEST(Haloes, fill_the_lightcone_and_reach_in_from_outside) {
    const SkySettings settings = small_field();
    const auto haloes = draw_haloes(settings, 1, 0);
    std::set<std::uint32_t> ids;
    int n_outside = 0;
    for (std::size_t i = 0; i < haloes.size(); ++i) {
        const Halo& halo = haloes[i];
        ids.insert(halo.id);
        EXPECT_GE(halo.z, settings.z_min);
        EXPECT_LE(halo.z, settings.z_max);
        EXPECT_GE(halo.mass_msun, settings.min_mass_msun);
        EXPECT_TRUE(i == 0 || halo.mass_msun <= haloes[i - 1].mass_msun);
        // 200 critical densities inside r200, for M200c = 0.72 M200m.
        const double mass = 4.0 / 3 * std::numbers::pi * std::pow(halo.r200_mpc, 3) * 200 *
                            critical_density_msun_mpc3(Cosmology{}, halo.z);
        EXPECT_NEAR(mass / halo.mass_msun, 0.72, 1e-9);
        EXPECT_NEAR(
            halo.r100_arcsec,
            halo.r100_mpc * (1 + halo.z) / comoving_distance_mpc(Cosmology{}, halo.z) * 206264.806,
            1e-4 * halo.r100_arcsec);
        n_outside += !is_inside(halo, settings);
    }
    EXPECT_EQ(ids.size(), haloes.size());
    EXPECT_GT(n_outside, 0);
}

TEST(Haloes, same_key_same_haloes) {
    const SkySettings settings = small_field();
    const auto first = draw_haloes(settings, 1, 3);
    const auto again = draw_haloes(settings, 1, 3);
    const auto other = draw_haloes(settings, 1, 4);
    ASSERT_EQ(first.size(), again.size());
    EXPECT_EQ(first[0].x_px, again[0].x_px);
    EXPECT_NE(first[0].x_px, other[0].x_px);
}

TEST(Haloes, sky_positions_are_those_of_a_tangent_plane) {
    SkySettings settings = small_field();
    settings.centre_ra_deg = 0.5;  // so that right ascension wraps
    settings.centre_dec_deg = 60;
    for (const Halo& halo : draw_haloes(settings, 1, 0)) {
        EXPECT_GE(halo.ra_deg, 0);
        EXPECT_LT(halo.ra_deg, 360);
        // Gnomonic distance from the centre, by the spherical law of cosines.
        const double dra = (halo.ra_deg - settings.centre_ra_deg) * std::numbers::pi / 180;
        const double dec = halo.dec_deg * std::numbers::pi / 180;
        const double dec0 = settings.centre_dec_deg * std::numbers::pi / 180;
        const double cosine =
            std::sin(dec) * std::sin(dec0) + std::cos(dec) * std::cos(dec0) * std::cos(dra);
        const double radius_px = std::hypot(halo.x_px - 499.5, halo.y_px - 499.5);
        EXPECT_NEAR(std::tan(std::acos(cosine)) * 206264.806 / 9.6, radius_px, 1e-3);
        // East is to the left.
        EXPECT_EQ(std::sin(dra) > 0, halo.x_px < 499.5);
    }
}

}  // namespace
}  // namespace faintweb::sky
