// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Training on n ranks with batches of B / n gives the losses of one rank with batches of B.

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/learn/half.h"
#include "lib/learn/network.h"
#include "lib/learn/sampling.h"
#include "lib/learn/training_step.h"
#include "mpi/comm/gradient_reducer.h"
#include "mpi/comm/tile_exchange.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::comm {
namespace {

constexpr int tile_px = 16;
constexpr std::uint64_t seed = 5;

/// Four fields of 30 tiles of noise, every third with a bright patch; dealt to the ranks in turn.
Shard deal(const Communicator& communicator, const learn::NetworkInfo& info) {
    Shard shard{{}, {}, learn::SampleStore(static_cast<std::size_t>(info.n_sample_values))};
    for (std::int64_t field = 0; field < 4; ++field) {
        if (field % communicator.size() != communicator.rank()) {
            continue;
        }
        for (std::int64_t tile = 0; tile < 30; ++tile) {
            std::vector<float> pixels(static_cast<std::size_t>(info.n_tile_values()));
            const auto key = static_cast<std::uint64_t>(100 * field + tile);
            base::fill_normal(seed, base::Purpose::test, key, 0, pixels.size(), pixels.data());
            const bool is_signal = tile % 3 == 0;
            for (std::size_t i = 60; is_signal && i < 110; ++i) {
                pixels[i] += 2;
            }
            shard.ids.push_back(make_sample_id(catalogue::FieldId(field), tile::TileId(tile)));
            shard.labels.push_back(is_signal ? 1 : 0);
            pixels.insert(pixels.end(), static_cast<std::size_t>(info.n_cells * info.n_cells),
                          is_signal ? 0.25F : 0.0F);
            shard.samples.add(pixels);
        }
    }
    return shard;
}

struct TrainingCase {
    std::string network = "cosmodeep";
    std::size_t batch_size = 20;
    std::uint32_t n_epochs = 4;
    learn::Precision precision = learn::Precision::fp32;
    ReducerSettings reducer{};
    int micro_batch = 128;
};

/// Mean loss of every step, trained by the ranks of a communicator.
std::vector<double> train(const Communicator& communicator, const TrainingCase& which) {
    learn::TrainSettings settings;
    settings.network = which.network;
    settings.learning_rate = 2e-4;
    settings.seed = seed;
    settings.precision = which.precision;
    settings.batch_size = static_cast<int>(which.batch_size);
    settings.micro_batch = which.micro_batch;
    const auto reducer = make_gradient_reducer(communicator, which.reducer);
    learn::TrainingStep step(settings, tile_px, {}, 1, reducer->shared_memory());
    const Shard shard = deal(communicator, learn::network_info(which.network, tile_px));
    const TileDirectory directory(communicator, shard);
    const std::size_t batch_size = which.batch_size;
    std::vector<double> losses;
    for (std::uint32_t epoch = 0; epoch < which.n_epochs; ++epoch) {
        const auto order =
            learn::epoch_samples(seed, epoch, directory.signal_ids(), directory.noise_ids(), 1);
        EpochSamples parts(communicator, shard, directory, order, batch_size,
                           learn::grain_of(settings, communicator.size()), 1 << 16, 0);
        while (parts.has_next()) {
            const EpochSamples::Part part = parts.next();
            std::vector<std::uint8_t> labels;
            std::vector<learn::SampleKey> keys;
            for (const SampleId id : part.ids) {
                labels.push_back(directory.labels(id));
                keys.push_back({seed, epoch, id});
            }
            std::vector<float> samples(part.samples.size());
            learn::from_half(part.samples, samples);
            std::vector<double> sum{
                step.accumulate(samples, labels, keys, static_cast<std::int64_t>(part.n_global),
                                [&](std::span<float> piece) { reducer->add(piece); })
                    .loss};
            reducer->finish();
            step.apply(settings.learning_rate);
            communicator.sum(std::span(sum));
            losses.push_back(sum[0] / static_cast<double>(part.n_global));
        }
    }
    return losses;
}

/// Mean loss of every step, trained by the root alone while the other ranks wait.
std::vector<double> train_alone(const TrainingCase& which) {
    std::vector<double> losses;
    std::exception_ptr failure;
    if (test::world().is_root()) {
        try {
            losses = train(Communicator(), which);
        } catch (...) {
            failure = std::current_exception();
        }
    }
    test::world().wait_for_all();
    return from_root(test::world(), [&] {
        if (failure) {
            std::rethrow_exception(failure);
        }
        return losses;
    });
}

double mean(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Within 1e-4 over the first 100 steps of the paper's networks, by each way of summing. Our own
/// have weights that are hardly used: Adam makes whole steps of what rounding leaves of their
/// gradients, and on so few tiles the losses part after 30.
TEST(Training, DoesNotDependOnTheNumberOfRanks) {
    for (const std::string& network : learn::network_names()) {
        const std::uint32_t n_epochs = network.starts_with("cosmodeep") ? 25 : 7;
        const std::vector<double> alone = train_alone({.network = network, .n_epochs = n_epochs});
        ASSERT_EQ(alone.size(), 4 * n_epochs);
        for (const char* kind : {"shared", "mpi"}) {
            const std::vector<double> together =
                train(test::world(),
                      {.network = network, .n_epochs = n_epochs, .reducer = {.kind = kind}});
            ASSERT_EQ(together.size(), alone.size());
            for (std::size_t i = 0; i < alone.size(); ++i) {
                EXPECT_NEAR(together[i] / alone[i], 1, 1e-4)
                    << network << ", " << kind << ", step " << i;
            }
        }
        const double most_left = network == "faintweb_lite" ? 0.95 : 0.9;
        EXPECT_LT(mean(std::span(alone).last(4)), most_left * mean(std::span(alone).first(4)))
            << network;
    }
}

/// Batches of 24 of 80 tiles, the last not full, three tiles at once: to the last bit, for the sum
/// of losses to what doubles hold.
TEST(Training, OfWholeMicroBatchesDoesNotDependOnTheNumberOfRanksAtAll) {
    for (const std::string& network : learn::network_names()) {
        const TrainingCase which{
            .network = network, .batch_size = 24, .n_epochs = 4, .micro_batch = 3};
        const std::vector<double> alone = train_alone(which);
        const std::vector<double> together = train(test::world(), which);
        ASSERT_EQ(together.size(), alone.size());
        for (std::size_t i = 0; i < alone.size(); ++i) {
            EXPECT_NEAR(together[i] / alone[i], 1, 1e-14) << network << ", step " << i;
        }
    }
}

TEST(Training, GivesTheSameBitsAgain) {
    for (const learn::Precision precision : {learn::Precision::fp32, learn::Precision::bf16}) {
        const TrainingCase which{.n_epochs = 3, .precision = precision};
        EXPECT_EQ(train(test::world(), which), train(test::world(), which));
    }
}

/// With batches of three, one rank of four has nothing in any of them.
TEST(Training, GoesOnWhereARankHasNothing) {
    TrainingCase small{.network = "cosmodeep_spp", .batch_size = 3, .n_epochs = 1};
    const std::vector<double> alone = train_alone(small);
    for (const char* kind : {"shared", "mpi"}) {
        small.reducer.kind = kind;
        const std::vector<double> together = train(test::world(), small);
        for (std::size_t i = 0; i < alone.size(); ++i) {
            EXPECT_NEAR(together[i] / alone[i], 1, 1e-4) << kind << " " << i;
        }
    }
}

/// Rounded products and gradients change each step a little and the course of the training not.
TEST(Training, OfBf16FollowsThatOfFp32) {
    const TrainingCase exact{.network = "cosmodeep", .n_epochs = 10};
    TrainingCase rounded = exact;
    rounded.precision = learn::Precision::bf16;
    rounded.reducer.wire = Wire::bf16;
    const std::vector<double> fp32 = train(test::world(), exact);
    const std::vector<double> bf16 = train(test::world(), rounded);
    for (std::size_t first = 0; first + 4 <= fp32.size(); first += 4) {
        const double of_fp32 = mean(std::span(fp32).subspan(first, 4));
        const double of_bf16 = mean(std::span(bf16).subspan(first, 4));
        EXPECT_NEAR(of_bf16, of_fp32, 0.01 * mean(std::span(fp32).first(4)))
            << "epoch " << first / 4;
        EXPECT_NE(of_bf16, of_fp32);
    }
}

}  // namespace
}  // namespace faintweb::comm
