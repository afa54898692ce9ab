// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/texture.h"

#include <cmath>

#include <gtest/gtest.h>

namespace faintweb::sky {
namespace {

constexpr Texture::Cube all_cubes[] = {Texture::ripple, Texture::strength, Texture::density};

TEST(Texture, cubes_have_mean_0_and_rms_1) {
    const Texture& texture = Texture::cubes();
    for (const auto cube : all_cubes) {
        double sum = 0;
        double squares = 0;
        int n = 0;
        for (int i = 0; i < Texture::edge; i += 2) {
            for (int j = 0; j < Texture::edge; j += 2) {
                for (int k = 0; k < Texture::edge; k += 2, ++n) {
                    const double value = static_cast<double>(texture.at(
                        cube, static_cast<float>(i), static_cast<float>(j), static_cast<float>(k)));
                    sum += value;
                    squares += value * value;
                }
            }
        }
        EXPECT_NEAR(sum / n, 0, 0.01);
        EXPECT_NEAR(squares / n, 1, 0.01);
    }
}

TEST(Texture, repeats_without_a_seam) {
    const Texture& texture = Texture::cubes();
    for (const auto cube : all_cubes) {
        EXPECT_EQ(texture.at(cube, 3.25F, 7.5F, 100.75F),
                  texture.at(cube, 131.25F, 135.5F, 228.75F));
        // The step across the period is no larger than a step inside.
        for (const float at : {10.0F, 50.0F, 90.0F}) {
            EXPECT_NEAR(texture.at(cube, 127.5F, at, at), texture.at(cube, 128.0F, at, at), 0.5F);
        }
    }
}

TEST(Texture, interpolates_between_cells) {
    const Texture& texture = Texture::cubes();
    const float low = texture.at(Texture::strength, 40, 41, 42);
    const float high = texture.at(Texture::strength, 40, 41, 43);
    EXPECT_NEAR(texture.at(Texture::strength, 40, 41, 42.25F), 0.75F * low + 0.25F * high, 1e-5F);
}

TEST(Texture, cubes_are_independent) {
    const Texture& texture = Texture::cubes();
    double products = 0;
    int n = 0;
    for (int i = 0; i < Texture::edge; i += 3) {
        for (int j = 0; j < Texture::edge; j += 3) {
            for (int k = 0; k < Texture::edge; k += 3, ++n) {
                const auto x = static_cast<float>(i);
                const auto y = static_cast<float>(j);
                const auto z = static_cast<float>(k);
                products += static_cast<double>(texture.at(Texture::ripple, x, y, z) *
                                                texture.at(Texture::strength, x, y, z));
            }
        }
    }
    // The largest waves are few, so that independent cubes still correlate by some per cent.
    EXPECT_NEAR(products / n, 0, 0.2);
}

}  // namespace
}  // namespace faintweb::sky
