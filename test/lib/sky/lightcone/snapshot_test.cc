// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/snapshot.h"

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/shock/emission.h"

namespace faintweb::sky {
namespace {

constexpr int n_mesh = 32;
constexpr double box_mpc = 40;

SkySettings sky_between(double z_min, double z_max) {
    SkySettings settings;
    settings.source = SkySource::hdf5;
    settings.z_min = z_min;
    settings.z_max = z_max;
    return settings;
}

TEST(SnapshotSlabs, stack_the_boxes_of_the_nearest_snapshots) {
    const Cosmology cosmology;
    const std::vector<SnapshotFacts> snapshots{{64, 50, 0.05}, {64, 100, 0.15}, {64, 100.02, 0.3}};
    const auto slabs = plan_snapshot_slabs(cosmology, sky_between(0.04, 0.32), snapshots);
    double near_mpc = comoving_distance_mpc(cosmology, 0.04);
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        EXPECT_EQ(slabs[s].box_class, static_cast<int>(s));
        EXPECT_EQ(slabs[s].state, 0);
        EXPECT_EQ(slabs[s].near_mpc, near_mpc);
        EXPECT_EQ(slabs[s].far_mpc, near_mpc + slabs[s].box_mpc);
        EXPECT_NEAR(comoving_distance_mpc(cosmology, slabs[s].z), slabs[s].middle_mpc, 1e-3);
        // Half-way between two snapshots the depth of the slabs changes.
        const double expected = slabs[s].z < 0.1 ? 50 : slabs[s].z < 0.225 ? 100 : 100.02;
        EXPECT_EQ(slabs[s].box_mpc, expected) << slabs[s].z;
        near_mpc = slabs[s].far_mpc;
    }
    EXPECT_GE(near_mpc, comoving_distance_mpc(cosmology, 0.32));
    EXPECT_LT(slabs.back().near_mpc, comoving_distance_mpc(cosmology, 0.32));
}

TEST(SnapshotSlabs, are_as_many_as_haloes_can_be_told_apart) {
    const std::vector<SnapshotFacts> small{{64, 5, 0.5}};
    EXPECT_EQ(plan_snapshot_slabs({}, sky_between(0.04, 0.3), small).size(), 212U);
    EXPECT_THROW(plan_snapshot_slabs({}, sky_between(0.04, 0.5), small), base::UsageError);
}

TEST(SnapshotSlabs, show_every_snapshot_of_their_redshift) {
    const std::vector<SnapshotFacts> snapshots{
        {64, 50, 0.1}, {64, 100, 0.1}, {64, 100, 0.2}, {64, 100.05, 0.102}, {64, 100, 0.11}};
    Slab slab;
    slab.box_mpc = 100;
    slab.z = 0.08;
    EXPECT_EQ(snapshots_of_slab(slab, snapshots), (std::vector<std::size_t>{1, 3}));
    slab.z = 0.4;
    EXPECT_EQ(snapshots_of_slab(slab, snapshots), (std::vector<std::size_t>{2}));
    slab.box_mpc = 70;
    EXPECT_TRUE(snapshots_of_slab(slab, snapshots).empty());
}

TEST(SnapshotCheck, maps_show_every_cell_or_every_pixel) {
    const SkySettings settings = sky_between(0.1, 0.2);
    Slab slab;
    slab.box_mpc = 50;
    slab.middle_mpc = 450;
    slab.z = 0.11;
    BoxSettings boxes;
    const auto refusal = [&](int map_px, int n) -> std::string {
        boxes.web_map_px = map_px;
        try {
            check(settings, boxes, slab, {n, 50, 0.1});
        } catch (const base::UsageError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal(512, 512), "");
    EXPECT_NE(refusal(511, 512).find("set at least 512"), std::string::npos) << refusal(511, 512);
    EXPECT_EQ(refusal(2400, 4096), "");  // 50 / 450 rad are 2387.3 pixels of 9.6 arcsec
    EXPECT_NE(refusal(2387, 4096).find("set at least 2388"), std::string::npos);
    EXPECT_NE(refusal(512, 7).find("7 cells"), std::string::npos);
}

/// A halo in gas that rests, and a planar shock of Mach 5 at plane 8 in a field of 0.01
/// micro-gauss.
GasMesh shocked_gas() {
    constexpr double mach = 5;
    constexpr float upstream_k = 2e5F;
    GasMesh gas{.box_mpc = box_mpc,
                .z = 0.1,
                .density = make_mesh(n_mesh, 1),
                .velocity_km_s = {make_mesh(n_mesh), make_mesh(n_mesh), make_mesh(n_mesh)},
                .temperature_k = make_mesh(n_mesh, upstream_k),
                .field_ug = make_mesh(n_mesh, 0.01F)};
    const double upstream_km_s = mach * sound_speed_km_s(upstream_k * 8.617333e-8);
    for (int i = 0; i < n_mesh; ++i) {
        const bool is_behind = i >= 8 && i < 24;
        for (int j = 0; j < n_mesh; ++j) {
            for (int k = 0; k < n_mesh; ++k) {
                gas.temperature_k.at(i, j, k) =
                    is_behind ? upstream_k * static_cast<float>(temperature_jump(mach))
                              : upstream_k;
                gas.velocity_km_s[0].at(i, j, k) = static_cast<float>(
                    is_behind ? upstream_km_s / density_jump(mach) : upstream_km_s);
                const int r2 = (i - 8) * (i - 8) + (j - 10) * (j - 10) + (k - 20) * (k - 20);
                gas.density.at(i, j, k) = 1 + 3000 * std::exp(-static_cast<float>(r2));
            }
        }
    }
    return gas;
}

double sum_of(const CodedMap& map) {
    const image::Image image = decode(map, 1);
    return std::accumulate(image.pixels.begin(), image.pixels.end(), 0.0);
}

TEST(SnapshotMaps, hold_haloes_of_their_own_mass_and_all_shocks) {
    const Cosmology cosmology;
    const GasMesh gas = shocked_gas();
    const BoxMaps maps = make_snapshot_maps(cosmology, sky_between(0.1, 0.2), gas, 0.1, 128, 2);
    ASSERT_EQ(maps.haloes.size(), 1U);
    const BoxHalo& halo = maps.haloes[0];
    EXPECT_NEAR(halo.position_mpc[0], 8 * box_mpc / n_mesh, 0.1);
    EXPECT_NEAR(halo.position_mpc[1], 10 * box_mpc / n_mesh, 0.1);
    EXPECT_NEAR(halo.position_mpc[2], 20 * box_mpc / n_mesh, 0.1);
    // 3000 pi^(3/2) cells of the mean, nearly all of them in the sphere.
    const double cell_msun = cosmology.matter_density_msun_mpc3() * std::pow(box_mpc / n_mesh, 3);
    EXPECT_NEAR(halo.mass_msun / (3000 * std::pow(3.14159, 1.5) * cell_msun), 1, 0.1);
    const double r200_mpc =
        std::cbrt(3 * 0.72 * halo.mass_msun /
                  (4 * 3.14159 * 200 * critical_density_msun_mpc3(cosmology, 0.1)));
    EXPECT_NEAR(halo.r200_mpc / r200_mpc, 1, 1e-4);
    EXPECT_NEAR(halo.r100_mpc / halo.r200_mpc, 1.33, 1e-6);

    ASSERT_EQ(maps.layers.size(), 3U);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_GT(sum_of(maps.layers.at(Layer::inside_r100)[axis]), 0);
        EXPECT_GT(sum_of(maps.layers.at(Layer::outside_r100)[axis]), 0);
        EXPECT_NEAR(sum_of(maps.layers.at(Layer::column_density)[axis]) / (128 * 128), 1, 1e-3);
    }
}

TEST(SnapshotMaps, can_be_looked_at_alone) {
    SkySettings settings = sky_between(0.1, 0.2);
    EXPECT_EQ(emission_layers(settings), (std::vector{Layer::inside_r100, Layer::outside_r100}));
    settings.web_layer = false;
    EXPECT_EQ(emission_layers(settings), std::vector{Layer::inside_r100});
    settings = sky_between(0.1, 0.2);
    settings.halo_layer = false;
    EXPECT_EQ(emission_layers(settings), std::vector{Layer::outside_r100});
}

TEST(SnapshotMaps, show_the_gas_at_the_redshift_of_the_slab) {
    // Far below the field of the background, power goes as n area B^(1 + s/2) / B_CMB^2, over the
    // rest frequency to s/2.
    const Cosmology cosmology;
    const SkySettings settings = sky_between(0.1, 0.4);
    const auto light = [&](double z) {
        const BoxMaps maps = make_snapshot_maps(cosmology, settings, shocked_gas(), z, 64, 1);
        return sum_of(maps.layers.at(Layer::outside_r100)[0]);
    };
    const double half_s = 26.0 / 24;
    const double stretch = 1.4 / 1.1;
    // Electrons cm-3 as (1 + z)^3, area as (1 + z)^-2, field and that of the background as
    // (1 + z)^2.
    const double power = std::pow(stretch, 3 - 2 + 2 * (1 + half_s) - 4 - half_s);
    const double expected = power * brightness_per_power(0.4) / brightness_per_power(0.1);
    // The halo's R100 in comoving cells changes little: few cells change sides.
    EXPECT_NEAR(light(0.4) / light(0.1) / expected, 1, 0.02);
}

TEST(SnapshotMaps, have_the_same_bits_for_any_number_of_threads) {
    const SkySettings settings = sky_between(0.1, 0.2);
    const BoxMaps one = make_snapshot_maps({}, settings, shocked_gas(), 0.12, 96, 1);
    const BoxMaps three = make_snapshot_maps({}, settings, shocked_gas(), 0.12, 96, 3);
    for (const auto& [layer, maps] : one.layers) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            EXPECT_EQ(maps[axis].codes, three.layers.at(layer)[axis].codes);
            EXPECT_EQ(maps[axis].low, three.layers.at(layer)[axis].low);
        }
    }
}

}  // namespace
}  // namespace faintweb::sky
