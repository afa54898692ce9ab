// Training on n ranks with batches of B / n gives the losses of one rank with batches of B.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/learn/half.h"
#include "lib/learn/sampling.h"
#include "lib/learn/training_step.h"
#include "mpi/gradient_reducer.h"
#include "mpi/tile_exchange.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::mpi {
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
            shard.ids.push_back(make_tile_id(field, tile));
            shard.labels.push_back(is_signal ? 1 : 0);
            pixels.insert(pixels.end(),
                          static_cast<std::size_t>(info.n_cells * info.n_cells),
                          is_signal ? 0.25F : 0.0F);
            shard.samples.add(pixels);
        }
    }
    return shard;
}

/// Mean loss of every epoch, trained by the ranks of a communicator.
std::vector<double> train(const Communicator& communicator, const std::string& network) {
    learn::TrainSettings settings;
    settings.network = network;
    settings.batch_size = 20;
    settings.learning_rate = 1e-3;
    settings.seed = seed;
    learn::TrainingStep step(settings, tile_px, {}, 1);
    const learn::NetworkInfo info = learn::network_info(network, tile_px);
    const Shard shard = deal(communicator, info);
    const TileDirectory directory(communicator, shard);
    const auto reducer = make_gradient_reducer(communicator);
    std::vector<double> losses;
    for (std::uint32_t epoch = 0; epoch < 4; ++epoch) {
        const auto order =
            learn::epoch_samples(seed, epoch, directory.signal_ids(), directory.noise_ids(), 1);
        EpochSamples tiles(communicator, shard, directory, order, 20, 1 << 16, 0);
        std::vector<double> sum{0};
        while (tiles.has_next()) {
            const EpochSamples::Part part = tiles.next();
            std::vector<std::uint8_t> labels;
            std::vector<learn::SampleKey> keys;
            for (const TileId id : part.ids) {
                labels.push_back(directory.is_signal(id) ? 1 : 0);
                keys.push_back({seed, epoch, id});
            }
            std::vector<float> samples(part.samples.size());
            learn::from_half(part.samples, samples);
            const auto global = static_cast<std::int64_t>(part.n_global);
            sum[0] += step.accumulate(samples, labels, keys, global).loss;
            reducer->add(step.gradients());
            reducer->finish();
            step.apply(settings.learning_rate);
        }
        communicator.sum(std::span(sum));
        losses.push_back(sum[0] / static_cast<double>(order.size()));
    }
    return losses;
}

TEST(Training, DoesNotDependOnTheNumberOfRanks) {
    for (const std::string& network : learn::network_names()) {
        const std::vector<double> together = train(test::world(), network);
        const std::vector<double> alone = train(Communicator(), network);
        ASSERT_EQ(together.size(), alone.size());
        for (std::size_t i = 0; i < alone.size(); ++i) {
            EXPECT_NEAR(together[i] / alone[i], 1, 1e-4) << network << ", epoch " << i;
        }
        EXPECT_LT(alone.back(), alone.front()) << network;
    }
}

}  // namespace
}  // namespace faintweb::mpi
