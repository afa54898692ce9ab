// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/box/mesh.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

/// Values that look like noise, the same in every run.
Mesh rough_mesh(int n) {
    Mesh mesh = make_mesh(n);
    for (std::size_t i = 0; i < mesh.cells.size(); ++i) {
        mesh.cells[i] = std::sin(static_cast<float>((i * 7919) % 10007));
    }
    return mesh;
}

double sum(const Mesh& mesh) {
    return std::accumulate(mesh.cells.begin(), mesh.cells.end(), 0.0);
}

TEST(Mesh, interpolates_between_points_and_across_the_edge) {
    const Mesh mesh = rough_mesh(5);
    EXPECT_EQ(mesh.interpolate(3, 4, 2), mesh.at(3, 4, 2));
    EXPECT_FLOAT_EQ(mesh.interpolate(3.25F, 4, 2),
                    0.75F * mesh.at(3, 4, 2) + 0.25F * mesh.at(4, 4, 2));
    EXPECT_FLOAT_EQ(mesh.interpolate(3, 4.5F, 2), (mesh.at(3, 4, 2) + mesh.at(3, 0, 2)) / 2);
    EXPECT_FLOAT_EQ(mesh.interpolate(-0.5F, 4, -7), (mesh.at(4, 4, 3) + mesh.at(0, 4, 3)) / 2);
    EXPECT_NEAR(mesh.interpolate(1.5F, 2.25F, 3.125F),
                mesh.interpolate(1.5F + 50, 2.25F - 20, 3.125F + 5), 1e-6);
    float mean = 0;
    for (int corner = 0; corner < 8; ++corner) {
        mean += mesh.at(1 + corner / 4, 2 + corner / 2 % 2, 3 + corner % 2) / 8;
    }
    EXPECT_NEAR(mesh.interpolate(1.5F, 2.5F, 3.5F), mean, 1e-6);
}

TEST(Mesh, smoothing_spreads_a_point_as_a_gaussian_around_the_box) {
    for (const double sigma : {0.8, 2.5}) {
        Mesh mesh = make_mesh(40);
        mesh.at(1, 38, 20) = 1000;
        smooth_periodic(mesh, sigma, 2);
        EXPECT_NEAR(sum(mesh), 1000, 1e-3);
        const double top = mesh.at(1, 38, 20);
        EXPECT_NEAR(mesh.at(39, 38, 20) / top, std::exp(-2 / (sigma * sigma)), 1e-3);
        EXPECT_NEAR(mesh.at(1, 0, 21) / top, std::exp(-2.5 / (sigma * sigma)), 1e-3);
        EXPECT_EQ(mesh.at(1, 18, 20), 0) << "beyond four standard deviations";
    }
}

TEST(Mesh, smoothing_damps_a_wave_by_the_transform_of_the_gaussian) {
    constexpr int n = 48;
    for (const double sigma : {0.8, 3.0, 9.0}) {
        Mesh mesh = make_mesh(n);
        const auto wave = [&](int i, int j, int k) {
            return std::cos(2 * std::numbers::pi * (i + 2 * j - 3 * k) / n);
        };
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) {
                for (int k = 0; k < n; ++k) {
                    mesh.at(i, j, k) = static_cast<float>(wave(i, j, k));
                }
            }
        }
        smooth_periodic(mesh, sigma, 2);
        const double damping = std::exp(-0.5 * 14 * std::pow(sigma * 2 * std::numbers::pi / n, 2));
        double worst = 0;
        for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; j += 5) {
                worst = std::max(worst, std::abs(mesh.at(i, j, 7) - damping * wave(i, j, 7)));
            }
        }
        EXPECT_LT(worst, 1e-3) << sigma;
    }
}

TEST(Mesh, smoothing_wider_than_the_box_leaves_the_mean) {
    Mesh mesh = rough_mesh(6);
    const double mean = sum(mesh) / 216;
    smooth_periodic(mesh, 10, 1);
    for (const float value : mesh.cells) {
        EXPECT_NEAR(value, mean, 1e-5);
    }
}

TEST(Mesh, smoothing_by_nothing_changes_nothing) {
    Mesh mesh = rough_mesh(6);
    smooth_periodic(mesh, 0, 2);
    EXPECT_EQ(mesh.cells, rough_mesh(6).cells);
}

TEST(Mesh, smoothing_has_the_same_bits_for_any_number_of_threads) {
    Mesh one = rough_mesh(37);
    smooth_periodic(one, 1.7, 1);
    for (const int n_threads : {2, 5}) {
        Mesh other = rough_mesh(37);
        smooth_periodic(other, 1.7, n_threads);
        EXPECT_EQ(one.cells, other.cells) << n_threads;
    }
}

}  // namespace
}  // namespace faintweb::sky
