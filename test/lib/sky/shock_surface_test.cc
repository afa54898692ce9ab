#include "lib/sky/shock_surface.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

Halo cluster(const SkySettings& settings) {
    return draw_haloes(settings, 1, 0).front();
}

/// All surfaces of the first haloes of a sky, with their gas.
struct Case {
    HaloGas gas;
    ShockSurface surface;
};
std::vector<Case> some_surfaces(const SkySettings& settings) {
    std::vector<Case> cases;
    const auto haloes = draw_haloes(settings, 1, 0);
    for (std::size_t i = 0; i < haloes.size(); i += 60) {
        const HaloGas gas = make_halo_gas(settings, haloes[i]);
        for (const ShockSurface& surface : make_surfaces(settings, haloes[i], gas, 1, 0)) {
            cases.push_back({gas, surface});
        }
    }
    return cases;
}

TEST(ShockSurface, fast_points_agree_with_the_plain_ones) {
    SkySettings settings;
    settings.size_px = 1000;
    const Texture& texture = Texture::cubes();
    const auto cases = some_surfaces(settings);
    ASSERT_GT(cases.size(), 10U);
    SurfacePoints points{};
    int n_shining = 0;
    for (const auto& [gas, surface] : cases) {
        constexpr std::uint32_t total = 5000;
        constexpr std::uint32_t n = 100;
        for (const std::uint32_t first : {0U, 2400U, total - n}) {
            sample_surface(settings, gas, surface, texture, first, n, total, points);
            double flux = 0;
            double plain_flux = 0;
            for (std::uint32_t i = 0; i < n; ++i) {
                const SurfacePoint plain =
                    reference_point(settings, gas, surface, texture, first + i, total);
                if (plain.flux_jy == 0) {
                    continue;
                }
                ++n_shining;
                const double size = static_cast<double>(surface.radius_mpc);
                ASSERT_NEAR(static_cast<double>(points.x_mpc[i]), plain.x_mpc, 2e-3 * size);
                ASSERT_NEAR(static_cast<double>(points.y_mpc[i]), plain.y_mpc, 2e-3 * size);
                flux += static_cast<double>(points.flux_jy[i]);
                plain_flux += plain.flux_jy;
                if (plain.flux_jy > 1e-20) {
                    ASSERT_NEAR(static_cast<double>(points.flux_jy[i]) / plain.flux_jy, 1, 0.02);
                }
            }
            if (plain_flux > 1e-20) {
                ASSERT_NEAR(flux / plain_flux, 1, 5e-3);
            }
        }
    }
    EXPECT_GT(n_shining, 1000);
}

TEST(ShockSurface, flux_does_not_depend_on_the_number_of_points) {
    SkySettings settings;
    settings.size_px = 1000;
    const Texture& texture = Texture::cubes();
    SurfacePoints points{};
    for (const auto& [gas, surface] : some_surfaces(settings)) {
        double sums[2] = {0, 0};
        const std::uint32_t totals[2] = {60000, 120000};
        for (std::size_t k = 0; k < 2; ++k) {
            for (std::uint32_t first = 0; first < totals[k]; first += SurfacePoints::capacity) {
                const std::uint32_t n = std::min(SurfacePoints::capacity, totals[k] - first);
                sample_surface(settings, gas, surface, texture, first, n, totals[k], points);
                for (std::uint32_t i = 0; i < n; ++i) {
                    sums[k] += static_cast<double>(points.flux_jy[i]);
                }
            }
        }
        // 1e-11 Jy spread over one beam is a thousandth of the floor: such surfaces are not
        // painted. Depths are random and weighted: sqrt(1/3 / n), with n the points on the bright
        // part.
        EXPECT_NEAR(sums[0], sums[1], 0.025 * sums[1] + 1e-11);
    }
}

TEST(ShockSurface, no_point_leaves_the_reach_of_its_halo) {
    SkySettings settings;
    settings.size_px = 1000;
    SurfacePoints points{};
    for (const auto& [gas, surface] : some_surfaces(settings)) {
        sample_surface(settings, gas, surface, Texture::cubes(), 0, 256, 256, points);
        for (std::size_t i = 0; i < 256; ++i) {
            EXPECT_LE(std::hypot(points.x_mpc[i], points.y_mpc[i]),
                      static_cast<float>(shock_reach_mpc(settings, gas.r200_mpc)));
        }
    }
}

TEST(ShockSurface, every_halo_has_one_shell_and_axes_are_orthonormal) {
    SkySettings settings;
    settings.size_px = 1000;
    const Halo halo = cluster(settings);
    const HaloGas gas = make_halo_gas(settings, halo);
    const auto dot = [](const Vector3& a, const Vector3& b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    };
    int n_shells = 0;
    for (const ShockSurface& s : make_surfaces(settings, halo, gas, 1, 0)) {
        n_shells += s.kind == SurfaceKind::accretion;
        EXPECT_NEAR(dot(s.axis_u, s.axis_u), 1, 1e-5);
        EXPECT_NEAR(dot(s.axis_v, s.axis_v), 1, 1e-5);
        EXPECT_NEAR(dot(s.axis_w, s.axis_w), 1, 1e-5);
        EXPECT_NEAR(dot(s.axis_u, s.axis_v), 0, 1e-5);
        EXPECT_NEAR(dot(s.axis_u, s.axis_w), 0, 1e-5);
        EXPECT_NEAR(dot(s.axis_v, s.axis_w), 0, 1e-5);
    }
    EXPECT_EQ(n_shells, 1);
}

TEST(ShockSurface, number_of_mergers_follows_f_merge) {
    SkySettings settings;
    settings.size_px = 1000;
    const auto haloes = draw_haloes(settings, 1, 0);
    const auto count = [&](double f_merge) {
        settings.f_merge = f_merge;
        double n = 0;
        for (const Halo& halo : haloes) {
            n += static_cast<double>(
                make_surfaces(settings, halo, make_halo_gas(settings, halo), 1, 0).size() - 1);
        }
        return n;
    };
    EXPECT_EQ(count(0), 0);
    EXPECT_NEAR(count(4) / count(2), 2, 0.25);
}

TEST(HaloGas, holds_its_share_of_baryons_inside_r200) {
    SkySettings settings;
    settings.size_px = 1000;
    const Halo halo = cluster(settings);
    const HaloGas gas = make_halo_gas(settings, halo);
    // Electrons to Msun: 1.14 proton masses each; 1 cm^-3 = 2.822e16 Msun/Mpc^3 of them.
    double mass = 0;
    for (int i = 0; i < 1000; ++i) {
        const double x = (i + 0.5) / 1000;
        mass += 4 * 3.14159265 * x * x * 1e-3 * std::pow(gas.r200_mpc, 3) *
                gas.central_density_cm3 * density_profile(x) * 2.817e16;
    }
    EXPECT_NEAR(mass / (0.72 * halo.mass_msun), 0.9 * 0.0478 / 0.308, 0.002);
}

}  // namespace
}  // namespace faintweb::sky
