// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// The tiles of a training are the same for any number of ranks, from files and from memory.

#include "mpi/pipeline/train/training_tiles.h"

#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include "mpi/pipeline/simulate/simulate.h"
#include "test/mpi/pipeline/small_campaign.h"

namespace faintweb::pipeline {
namespace {

using campaign::Campaign;
using test::shared_folder;
using test::small_campaign;
using test::world;

/// Labels and values of a tile by its id.
using Tiles = std::map<comm::SampleId, std::pair<std::uint8_t, std::vector<std::uint16_t>>>;

/// The tiles of all ranks.
Tiles all_tiles(const comm::Communicator& communicator, const LabelledTiles& mine) {
    const std::size_t size = mine.shard.samples.sample_size();
    std::vector<std::uint16_t> values(mine.shard.ids.size() * size);
    for (std::size_t i = 0; i < mine.shard.ids.size(); ++i) {
        mine.shard.samples.read(i, std::span(values).subspan(i * size, size));
    }
    const auto ids = communicator.all_gather(mine.shard.ids);
    const auto labels = communicator.all_gather(mine.shard.labels);
    const auto samples = communicator.all_gather(values);
    Tiles tiles;
    for (std::size_t rank = 0; rank < ids.size(); ++rank) {
        for (std::size_t i = 0; i < ids[rank].size(); ++i) {
            const auto first = samples[rank].begin() + static_cast<std::ptrdiff_t>(i * size);
            const bool is_new =
                tiles
                    .try_emplace(ids[rank][i], labels[rank][i],
                                 std::vector(first, first + static_cast<std::ptrdiff_t>(size)))
                    .second;
            EXPECT_TRUE(is_new) << "two ranks have tile " << ids[rank][i];
        }
    }
    return tiles;
}

void expect_the_same(const comm::Communicator& communicator,
                     const TrainingTiles& tiles,
                     const TrainingTiles& alone) {
    const comm::Communicator one;
    EXPECT_EQ(tiles.sha256, alone.sha256);
    EXPECT_EQ(all_tiles(communicator, tiles.train), all_tiles(one, alone.train));
    EXPECT_EQ(all_tiles(communicator, tiles.validation), all_tiles(one, alone.validation));
}

TEST(TrainingTiles, AreTheSameForAnyNumberOfRanksFromMemoryAndFiles) {
    const std::string folder = shared_folder("training_tiles");
    const Campaign in_memory = small_campaign(folder);
    const Campaign in_files = small_campaign(folder, {"train.source=files"});
    ASSERT_EQ(simulate_stage.run(world(), in_files), base::ExitCode::done);
    TrainingTiles alone;
    prepare_tiles(comm::Communicator(), in_memory, alone);
    // Three skies of 36 tiles; the last is for validation.
    ASSERT_EQ(alone.train.shard.ids.size(), 72U);
    ASSERT_EQ(alone.validation.shard.ids.size(), 36U);
    const auto n_signal = std::ranges::count(alone.train.shard.labels, 1);
    EXPECT_GT(n_signal, 0);
    EXPECT_LT(n_signal, 72);
    TrainingTiles from_memory;
    prepare_tiles(world(), in_memory, from_memory);
    expect_the_same(world(), from_memory, alone);
    TrainingTiles from_files;
    prepare_tiles(world(), in_files, from_files);
    expect_the_same(world(), from_files, alone);
}

TEST(TrainingTiles, AreLabelledAnewForATrainingOfAnotherRule) {
    const std::string folder = shared_folder("training_labels");
    const Campaign loose = small_campaign(folder);
    const Campaign strict = small_campaign(folder, {"label.min_pixels=60"});
    TrainingTiles shared;
    prepare_tiles(world(), loose, shared);
    const std::string cut_as = shared.cut_as;
    prepare_tiles(world(), strict, shared);
    EXPECT_EQ(shared.cut_as, cut_as);  // the fields were not read again
    TrainingTiles alone;
    prepare_tiles(comm::Communicator(), strict, alone);
    expect_the_same(world(), shared, alone);
}

}  // namespace
}  // namespace faintweb::pipeline
