// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/web.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

#include "lib/sky/shock/emission.h"

namespace faintweb::sky {
namespace {

constexpr int n_mesh = 32;
constexpr double box_mpc = 40;
constexpr double kev_per_kelvin = 8.617333e-8;
constexpr double mach = 5;
constexpr float upstream_k = 2e5F;
constexpr int front = 12;

/// A planar shock along x at plane `front`.
GasMesh shocked_gas() {
    GasMesh gas{.box_mpc = box_mpc,
                .z = 0.2,
                .density = make_mesh(n_mesh, 1),
                .velocity_km_s = {make_mesh(n_mesh), make_mesh(n_mesh), make_mesh(n_mesh)},
                .temperature_k = make_mesh(n_mesh, upstream_k),
                .field_ug = {}};
    const double upstream_km_s = mach * sound_speed_km_s(upstream_k * kev_per_kelvin);
    const auto plane = static_cast<std::size_t>(n_mesh * n_mesh);
    for (std::size_t cell = 0; cell < gas.density.cells.size(); ++cell) {
        const auto i = static_cast<int>(cell / plane);
        const bool is_behind = i >= front && i < front + n_mesh / 2;
        gas.density.cells[cell] = is_behind ? static_cast<float>(density_jump(mach)) : 1;
        gas.temperature_k.cells[cell] =
            is_behind ? upstream_k * static_cast<float>(temperature_jump(mach)) : upstream_k;
        gas.velocity_km_s[0].cells[cell] =
            static_cast<float>(is_behind ? upstream_km_s / density_jump(mach) : upstream_km_s);
    }
    return gas;
}

Particles resting_particles(int n) {
    Particles particles{
        .n = n, .box_mpc = box_mpc, .z = 0.2, .displacement_mpc = {}, .velocity_km_s = {}};
    particles.displacement_mpc.assign(static_cast<std::size_t>(n * n * n), Vector3{});
    return particles;
}

double total(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Power of a cell of the front, by hand.
double front_power(const Cosmology& cosmology, const SkySettings& settings, double z) {
    const double mean = mean_electron_density_cm3(cosmology, z);
    ShockedGas gas;
    gas.mach = mach;
    gas.electron_density_cm3 = mean * density_jump(mach);
    gas.temperature_kev = upstream_k * kev_per_kelvin * temperature_jump(mach);
    gas.magnetic_field_ug = magnetic_field_ug(gas.electron_density_cm3, gas.temperature_kev, mean,
                                              z, settings.a_web, settings.eps_b);
    const double cell_mpc = box_mpc / n_mesh / (1 + z);
    const double ratio = density_jump(mach) / 40;
    return shock_power(gas, z, settings.frequency_hz * (1 + z), 1) * cell_mpc * cell_mpc /
           (1 + ratio * ratio);
}

TEST(Web, power_of_the_mesh_is_that_of_its_shocks) {
    const Cosmology cosmology;
    const SkySettings settings;
    const GasMesh gas = shocked_gas();
    const Mesh emissivity = web_emissivity(settings, {cosmology, gas, {}}, 2);
    // Times the smoothed mass it is the smoothed power, which keeps its sum.
    Mesh mass = gas.density;
    smooth_periodic(mass, std::max(1.0, n_mesh / box_mpc), 1);
    double power = 0;
    for (std::size_t cell = 0; cell < mass.cells.size(); ++cell) {
        power +=
            static_cast<double>(mass.cells[cell]) * static_cast<double>(emissivity.cells[cell]);
    }
    EXPECT_NEAR(power / (front_power(cosmology, settings, 0.2) * n_mesh * n_mesh), 1, 1e-5);
    EXPECT_EQ(emissivity.at(front + n_mesh / 2, 0, 0), 0);
}

TEST(Web, brightness_is_that_of_the_luminosity_distance) {
    // A source of power P at its own frequency in a pixel of the sky: flux P (1+z) / (4 pi D_L^2)
    // over the solid angle of the comoving area A, A / D_C^2.
    const Cosmology cosmology;
    for (const double z : {0.05, 0.48}) {
        const double distance_mpc = comoving_distance_mpc(cosmology, z);
        const double luminosity_distance_cm = (1 + z) * distance_mpc * cm_per_mpc;
        const double flux_jy =
            1e30 * (1 + z) /
            (4 * std::numbers::pi * luminosity_distance_cm * luminosity_distance_cm) / 1e-23;
        const double radian = std::numbers::pi / 180 / 3600;  // per arcsec
        const double area_arcsec2 = 1 / (distance_mpc * distance_mpc) / (radian * radian);
        EXPECT_NEAR(1e30 * brightness_per_power(z) / (flux_jy / area_arcsec2), 1, 1e-9);
    }
}

/// Of a mesh whose values are per mass.
double mass_weighted_sum(const Mesh& mesh, const Mesh& density) {
    double sum = 0;
    for (std::size_t cell = 0; cell < mesh.cells.size(); ++cell) {
        sum += static_cast<double>(density.cells[cell]) * static_cast<double>(mesh.cells[cell]);
    }
    return sum;
}

/// A halo on the front, across a corner of the box, of R100 = 5 Mpc comoving = 4 cells.
BoxHalo halo_on_the_front() {
    BoxHalo halo;
    halo.position_mpc = {front * box_mpc / n_mesh, 0, 0};
    halo.mass_msun = 5e14;
    halo.r200_mpc = 3.1;
    halo.r100_mpc = 4.01 * box_mpc / n_mesh / 1.2;
    return halo;
}

TEST(Gas, shines_where_it_is_shocked_in_haloes_and_out) {
    const Cosmology cosmology;
    SkySettings settings;
    settings.eps_b = 1;  // never saturated
    const GasMesh gas = shocked_gas();
    const GasEmissivity emissivity =
        gas_emissivity(settings, {cosmology, gas, {halo_on_the_front()}}, 2);
    const double ratio = density_jump(mach) / 40;
    const double damping = 1 / (1 + ratio * ratio);  // of the web layer, not of this one
    const double outside = front_power(cosmology, settings, 0.2) / damping;
    settings.a_web = settings.a_dyn;
    const double inside = front_power(cosmology, settings, 0.2) / damping;
    EXPECT_GT(inside, 2 * outside);
    int n_inside = 0;
    for (int j = 0; j < n_mesh; ++j) {
        for (int k = 0; k < n_mesh; ++k) {
            const int y = std::min(j, n_mesh - j);
            const int z = std::min(k, n_mesh - k);
            const bool is_inside = y * y + z * z <= 16;
            n_inside += is_inside ? 1 : 0;
            const double density = gas.density.at(front, j, k);
            EXPECT_NEAR(emissivity.inside_r100.at(front, j, k) * density / inside,
                        is_inside ? 1 : 0, 1e-5);
            EXPECT_NEAR(emissivity.outside_r100.at(front, j, k) * density / outside,
                        is_inside ? 0 : 1, 1e-5);
        }
    }
    EXPECT_EQ(n_inside, 49);
    EXPECT_NEAR(mass_weighted_sum(emissivity.inside_r100, gas.density) / inside, 49, 1e-3);
    EXPECT_NEAR(mass_weighted_sum(emissivity.outside_r100, gas.density) / outside,
                n_mesh * n_mesh - 49, 1e-2);
}

TEST(Gas, own_field_stands_above_the_model) {
    const Cosmology cosmology;
    SkySettings settings;
    settings.eps_b = 1;
    GasMesh gas = shocked_gas();
    const double mean = mean_electron_density_cm3(cosmology, gas.z);
    const double model = magnetic_field_ug(mean * density_jump(mach), 1, mean, gas.z,
                                           settings.a_web, settings.eps_b);
    const Mesh modelled = gas_emissivity(settings, {cosmology, gas, {}}, 1).outside_r100;
    gas.field_ug = make_mesh(n_mesh, static_cast<float>(3 * model));
    const Mesh own = gas_emissivity(settings, {cosmology, gas, {}}, 1).outside_r100;
    // Weak fields: power goes as B^(1 + s/2).
    const double half_s = (mach * mach + 1) / (mach * mach - 1);
    const double expected = std::pow(3.0, 1 + half_s);
    EXPECT_NEAR(own.at(front, 5, 5) / modelled.at(front, 5, 5), expected, 1e-2 * expected);
}

TEST(Gas, map_is_its_power_as_seen_from_here) {
    const Cosmology cosmology;
    const SkySettings settings;
    const GasMesh gas = shocked_gas();
    const std::vector<BoxHalo> haloes{halo_on_the_front()};
    const GasEmissivity emissivity = gas_emissivity(settings, {cosmology, gas, haloes}, 1);
    const int map_px = 64;
    const GasMaps maps = gas_maps(settings, {cosmology, gas, haloes}, map_px, 2);
    const double per_pixel = brightness_per_power(0.2) / std::pow(box_mpc / map_px, 2);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        ASSERT_EQ(maps.inside_r100[axis].rows, map_px);
        const double inside = mass_weighted_sum(emissivity.inside_r100, gas.density) * per_pixel;
        const double outside = mass_weighted_sum(emissivity.outside_r100, gas.density) * per_pixel;
        EXPECT_NEAR(total(maps.inside_r100[axis].pixels) / inside, 1, 1e-5);
        EXPECT_NEAR(total(maps.outside_r100[axis].pixels) / outside, 1, 1e-5);
        EXPECT_NEAR(total(maps.column_density[axis].pixels), map_px * map_px, 1e-2);
    }
    // The front lies across the columns seen along z, and across the rows seen along y.
    const auto brightest = [&](const image::Image& map) {
        return std::max_element(map.pixels.begin(), map.pixels.end()) - map.pixels.begin();
    };
    EXPECT_NEAR(static_cast<double>(brightest(maps.outside_r100[2]) % map_px), 2 * front, 3);
    EXPECT_NEAR(static_cast<double>(brightest(maps.outside_r100[1]) / map_px), 2 * front, 3);
    // It is drawn as sharp as its cells are, of two pixels: not spread over 1 Mpc as the web is.
    const image::Image& edge_on = maps.outside_r100[2];
    const std::int64_t row = map_px / 2;
    for (std::int64_t col = 0; col < map_px; ++col) {
        if (std::abs(col - 2 * front) > 8) {
            EXPECT_LT(edge_on.at(row, col), 1e-3F * edge_on.at(row, 2 * front));
        }
    }
}

TEST(Web, obeys_its_settings) {
    const Cosmology cosmology;
    SkySettings settings;
    settings.eps_b = 1;  // never saturated
    const GasMesh gas = shocked_gas();
    const Particles particles = resting_particles(16);
    const auto brightness = [&](const SkySettings& s, const GasMesh& g) {
        return total(web_maps(s, {cosmology, g, {}}, particles, 32, 2, 1).emission[0].pixels);
    };
    const double plain = brightness(settings, gas);
    EXPECT_GT(plain, 0);

    SkySettings changed = settings;
    changed.a_web = 2 * settings.a_web;
    const double half_s = (mach * mach + 1) / (mach * mach - 1);
    // Weak fields: power goes as B^(1 + s/2).
    EXPECT_NEAR(brightness(changed, gas) / plain, std::pow(2.0, 1 + half_s), 1e-3);
    changed = settings;
    changed.frequency_hz = 0.7e9;
    EXPECT_NEAR(brightness(changed, gas) / plain, std::pow(2.0, half_s), 1e-4);
    changed = settings;
    changed.eps_b = 1e-9;
    EXPECT_LT(brightness(changed, gas), 0.5 * plain);

    changed = settings;
    changed.web_layer = false;
    const WebMaps dark = web_maps(changed, {cosmology, gas, {}}, particles, 32, 2, 1);
    EXPECT_EQ(total(dark.emission[1].pixels), 0);
    EXPECT_NEAR(total(dark.column_density[1].pixels), 32 * 32, 1e-3);

    // A field of the simulation's own stands above the model.
    GasMesh magnetised = gas;
    magnetised.field_ug = make_mesh(n_mesh, 0.1F);
    const double mean = mean_electron_density_cm3(cosmology, gas.z);
    const double model = magnetic_field_ug(mean * density_jump(mach), 1, mean, gas.z,
                                           settings.a_web, settings.eps_b);
    EXPECT_NEAR(brightness(settings, magnetised) / plain, std::pow(0.1 / model, 1 + half_s),
                1e-2 * std::pow(0.1 / model, 1 + half_s));
    changed = settings;
    changed.a_web = 1;
    EXPECT_EQ(web_emissivity(settings, {cosmology, magnetised, {}}, 1).cells,
              web_emissivity(changed, {cosmology, magnetised, {}}, 1).cells);
}

TEST(Web, leaves_haloes_to_their_own_layer) {
    const Cosmology cosmology;
    const SkySettings settings;
    const GasMesh gas = shocked_gas();
    // On the front, across a corner of the box; the light one counts for nothing.
    BoxHalo halo;
    halo.position_mpc = {front * box_mpc / n_mesh, 0, 0};
    halo.mass_msun = 5e14;
    halo.r200_mpc = 1.8;  // physical: 1.3 R200 = 2.8 Mpc comoving = 2.25 cells
    BoxHalo light = halo;
    light.position_mpc = {front * box_mpc / n_mesh, 20, 20};
    light.mass_msun = 2.9e12;
    const Mesh plain = web_emissivity(settings, {cosmology, gas, {}}, 1);
    const Mesh damped = web_emissivity(settings, {cosmology, gas, {halo, light}}, 2);
    const auto ratio = [&](int j, int k) { return damped.at(front, j, k) / plain.at(front, j, k); };
    EXPECT_EQ(ratio(16, 16), 1);
    EXPECT_LT(ratio(0, 0), 0.2);  // filled in a little by the smoothing over 1 Mpc
    EXPECT_NEAR(ratio(31, 31), ratio(1, 1), 1e-4);
    EXPECT_NEAR(ratio(31, 1), ratio(1, 1), 1e-4);
    EXPECT_GT(ratio(3, 0), 0.5);
    EXPECT_GT(ratio(6, 0), 0.95);
}

TEST(Web, gives_the_same_bits_for_any_number_of_threads) {
    const GasMesh gas = shocked_gas();
    const Particles particles = resting_particles(12);
    BoxHalo halo;
    halo.position_mpc = {14, 3, 39};
    halo.mass_msun = 1e14;
    halo.r200_mpc = 0.9;
    const WebMaps one = web_maps({}, {Cosmology{}, gas, {halo}}, particles, 50, 2, 1);
    for (const int n_threads : {2, 3}) {
        const WebMaps more = web_maps({}, {Cosmology{}, gas, {halo}}, particles, 50, 2, n_threads);
        for (std::size_t axis = 0; axis < 3; ++axis) {
            EXPECT_EQ(one.emission[axis].pixels, more.emission[axis].pixels);
            EXPECT_EQ(one.column_density[axis].pixels, more.column_density[axis].pixels);
        }
    }
}

}  // namespace
}  // namespace faintweb::sky
