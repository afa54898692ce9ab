// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/network.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::learn {
namespace {

/// The counts are derived in docs/paper.md, "Network".
TEST(NetworkInfo, CountsParametersAndOperations) {
    const NetworkInfo flat = network_info("cosmodeep", 40);
    EXPECT_EQ(flat.n_parameters, 6'575'490);
    EXPECT_NEAR(flat.mflop_per_tile, 28.8, 0.05);
    EXPECT_EQ(flat.margin_px, 0);
    const NetworkInfo pyramid = network_info("cosmodeep_spp", 40);
    EXPECT_EQ(pyramid.n_parameters, 677'250);
    EXPECT_NEAR(pyramid.mflop_per_tile, 17.0, 0.05);
    EXPECT_EQ(pyramid.margin_px, 0);
    EXPECT_EQ(pyramid.n_sample_values, 1600);
}

/// By hand, for 40 px: stem 26 x 26 cells of 6 x 6 px, then 24, 22 and 20 cells of 3 x 3, 20 x 20
/// cells told apart, 2 n + 2 features to 32 to 2. At most what the paper's network takes; the fast
/// one at most 8 MFLOP, the lite one 2.2.
TEST(NetworkInfo, OfOurOwnCountsParametersAndOperations) {
    const auto check = [](const std::string& name, std::int64_t n_maps) {
        const NetworkInfo info = network_info(name, 40);
        const std::int64_t parameters = (36 + 1) * n_maps + 3 * (9 * n_maps + 1) * n_maps + n_maps +
                                        1 + (2 * n_maps + 2 + 1) * 32 + (32 + 1) * 2;
        EXPECT_EQ(info.n_parameters, parameters);
        const std::int64_t n_multiply_adds = 26 * 26 * 36 * n_maps +
                                             (24 * 24 + 22 * 22 + 20 * 20) * 9 * n_maps * n_maps +
                                             20 * 20 * n_maps + (2 * n_maps + 2) * 32 + 32 * 2;
        EXPECT_NEAR(info.mflop_per_tile, 2e-6 * static_cast<double>(n_multiply_adds), 1e-9);
        EXPECT_EQ(info.margin_px, 8);
        EXPECT_EQ(info.n_cells, 20);
        EXPECT_EQ(info.n_sample_values, 56 * 56 + 20 * 20);
        return info.mflop_per_tile;
    };
    EXPECT_LE(check("faintweb", 32), network_info("cosmodeep", 40).mflop_per_tile);
    EXPECT_LE(check("faintweb_fast", 16), 8);
    EXPECT_LE(check("faintweb_lite", 8), 2.2);
}

TEST(NetworkInfo, PoolingMakesIndependentOfTheTileSize) {
    for (const std::string name : {"cosmodeep_spp", "faintweb", "faintweb_fast", "faintweb_lite"}) {
        for (const int tile_px : {8, 24, 41, 100, 256}) {
            EXPECT_EQ(network_info(name, tile_px).n_parameters,
                      network_info(name, 40).n_parameters);
        }
    }
    EXPECT_NE(network_info("cosmodeep", 44).n_parameters,
              network_info("cosmodeep", 40).n_parameters);
}

TEST(NetworkInfo, RefusesUnknownNamesAndSizes) {
    try {
        network_info("cosmodep", 40);
        FAIL() << "accepted";
    } catch (const base::UsageError& error) {
        EXPECT_NE(std::string(error.what())
                      .find("cosmodeep, cosmodeep_spp, faintweb, faintweb_fast, faintweb_lite"),
                  std::string::npos);
    }
    EXPECT_THROW(network_info("cosmodeep", 7), base::UsageError);
    EXPECT_THROW(network_info("cosmodeep", 257), base::UsageError);
    EXPECT_THROW(network_info("cosmodeep", -40), base::UsageError);
}

TEST(NetworkNames, AreAllKnownAndUnique) {
    for (const std::string& name : network_names()) {
        EXPECT_EQ(network_info(name, 40).name, name);
        EXPECT_EQ(std::ranges::count(network_names(), name), 1) << name;
    }
}

TEST(Networks, ThatShipSendTheirLargestLayerAsFactors) {
    for (const char* name :
         {"cosmodeep", "cosmodeep_spp", "faintweb", "faintweb_fast", "faintweb_lite"}) {
        EXPECT_EQ(find_network(name).factored_layer(), "hidden") << name;
    }
}

TEST(RandomWeights, HaveTheVarianceOfTheirFanIn) {
    for (const Tensor& tensor : random_weights("cosmodeep", 40, 5)) {
        double sum = 0;
        double squares = 0;
        for (const float value : tensor.values) {
            sum += value;
            squares += double{value} * value;
        }
        const auto n = static_cast<double>(tensor.values.size());
        if (tensor.shape.size() == 1) {
            EXPECT_EQ(squares, 0) << tensor.name;
            continue;
        }
        const double fan_in = n / static_cast<double>(tensor.shape.front());
        const double expected = (tensor.name == "output.weight" ? 1 : 2) / fan_in;
        // 5 standard errors of the mean and of the variance of n normal numbers.
        EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(expected / n)) << tensor.name;
        EXPECT_NEAR(squares / n / expected, 1, 5 * std::sqrt(2 / n)) << tensor.name;
    }
}

TEST(RandomWeights, DependOnTheSeedOnly) {
    EXPECT_EQ(random_weights("cosmodeep_spp", 40, 5), random_weights("cosmodeep_spp", 40, 5));
    EXPECT_NE(random_weights("cosmodeep_spp", 40, 5), random_weights("cosmodeep_spp", 40, 6));
}

}  // namespace
}  // namespace faintweb::learn
