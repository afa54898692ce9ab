// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// The logits of the validation tiles are in one order for any number of ranks.

#include "mpi/pipeline/train/validation.h"

#include <algorithm>
#include <map>
#include <span>

#include <gtest/gtest.h>

#include "lib/learn/half.h"
#include "lib/learn/model.h"
#include "mpi/pipeline/train/training_tiles.h"
#include "test/mpi/pipeline/small_campaign.h"

namespace faintweb::pipeline {
namespace {

using test::world;

TEST(Validation, TilesAreScoredInTheOrderOfTheirIdsForAnyNumberOfRanks) {
    const campaign::Campaign campaign =
        test::small_campaign(test::shared_folder("validation_scores"));
    const learn::NetworkInfo network = network_of(campaign);
    const auto tile_size = static_cast<std::size_t>(network.n_tile_values());
    const infer::Classifier classifier(
        learn::random_model(campaign.train.network, campaign.tile_px, tile::Scaling::fixed, 3), {},
        1);
    TrainingTiles tiles;
    prepare_tiles(world(), campaign, tiles);
    const ScoredTiles scored =
        score_tiles(world(), classifier, tiles.validation.shard, tile_size, 1);
    ASSERT_EQ(scored.rules.size(), 1U);
    ASSERT_EQ(scored.rules[0].logits.size(), 36U);

    // One tile after another, on this rank alone.
    TrainingTiles alone;
    prepare_tiles(comm::Communicator(), campaign, alone);
    const comm::Shard& shard = alone.validation.shard;
    std::map<comm::SampleId, std::pair<float, std::uint8_t>> expected;
    for (std::size_t i = 0; i < shard.ids.size(); ++i) {
        std::vector<std::uint16_t> sample(shard.samples.sample_size());
        shard.samples.read(i, sample);
        std::vector<float> pixels(tile_size);
        learn::from_half(std::span(sample).first(tile_size), pixels);
        expected[shard.ids[i]] = {classifier.logits(pixels).front(), shard.labels[i]};
    }
    std::size_t i = 0;
    for (const auto& [id, logit_and_label] : expected) {
        EXPECT_EQ(scored.rules[0].logits[i], logit_and_label.first) << "tile " << id;
        EXPECT_EQ(scored.rules[0].labels[i], logit_and_label.second) << "tile " << id;
        ++i;
    }
    EXPECT_GT(std::ranges::count(scored.rules[0].labels, 1), 0);
}

}  // namespace
}  // namespace faintweb::pipeline
