#include "lib/learn/network.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::learn {
namespace {

/// The counts of PAPER.md, section "Network".
TEST(NetworkInfo, CountsParametersAndOperations) {
    const NetworkInfo flat = network_info("cosmodeep", 40);
    EXPECT_EQ(flat.n_parameters, 6'575'490);
    EXPECT_NEAR(flat.mflop_per_tile, 28.8, 0.05);
    EXPECT_EQ(flat.margin_px, 0);
    const NetworkInfo pyramid = network_info("cosmodeep_spp", 40);
    EXPECT_EQ(pyramid.n_parameters, 677'250);
    EXPECT_NEAR(pyramid.mflop_per_tile, 17.0, 0.05);
    EXPECT_EQ(pyramid.margin_px, 0);
}

TEST(NetworkInfo, PyramidIsIndependentOfTheTileSize) {
    for (const int tile_px : {8, 24, 41, 100, 256}) {
        EXPECT_EQ(network_info("cosmodeep_spp", tile_px).n_parameters, 677'250);
    }
    EXPECT_NE(network_info("cosmodeep", 44).n_parameters,
              network_info("cosmodeep", 40).n_parameters);
}

TEST(NetworkInfo, RefusesUnknownNamesAndSizes) {
    try {
        network_info("cosmodep", 40);
        FAIL() << "accepted";
    } catch (const base::UsageError& error) {
        EXPECT_NE(std::string(error.what()).find("cosmodeep, cosmodeep_spp"), std::string::npos);
    }
    EXPECT_THROW(network_info("cosmodeep", 7), base::UsageError);
    EXPECT_THROW(network_info("cosmodeep", 257), base::UsageError);
    EXPECT_THROW(network_info("cosmodeep", -40), base::UsageError);
}

TEST(NetworkNames, AreAllKnown) {
    EXPECT_EQ(network_names(), (std::vector<std::string>{"cosmodeep", "cosmodeep_spp"}));
    for (const std::string& name : network_names()) {
        EXPECT_EQ(network_info(name, 40).name, name);
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
