// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/learn/network.h"
#include "lib/learn/sampling.h"
#include "lib/learn/shared_memory.h"
#include "lib/learn/training_step.h"
#include "test/lib/learn/toy.h"

// TrainingStep in memory that processes share, which is lib/learn/shared_weights_step.h.
namespace faintweb::learn {
namespace {

/// Memory of threads that take the part of processes.
class ThreadMemory final : public SharedMemory {
  public:
    struct Common {
        std::barrier<> door;
        std::size_t max_bytes;
        std::vector<std::byte> bytes{};
        std::vector<std::vector<float>> gradients{};
    };
    ThreadMemory(Common& common, int n_parts, int part)
        : common_(common), n_parts_(n_parts), part_(part) {}

    int n_parts() const override { return n_parts_; }
    int part() const override { return part_; }
    std::span<std::byte> allocate(std::size_t n_bytes) override {
        if (n_bytes > common_.max_bytes) {
            return {};
        }
        if (part_ == 0) {
            // What was there before is no number.
            common_.bytes.assign(n_bytes + 64, std::byte{0xFF});
        }
        meet();
        void* begin = common_.bytes.data();
        std::size_t n_left = common_.bytes.size();
        return {static_cast<std::byte*>(std::align(64, n_bytes, begin, n_left)), n_bytes};
    }
    void meet() override { common_.door.arrive_and_wait(); }

    /// Replaces these gradients by their sum over the parts.
    void sum(std::span<float> gradients) {
        std::vector<float>& mine = common_.gradients.at(static_cast<std::size_t>(part_));
        mine.assign(gradients.begin(), gradients.end());
        meet();
        std::ranges::fill(gradients, 0.0F);
        for (const std::vector<float>& theirs : common_.gradients) {
            std::ranges::transform(gradients, theirs, gradients.begin(), std::plus());
        }
        meet();
    }

  private:
    Common& common_;
    int n_parts_, part_;
};

struct Course {
    std::vector<double> losses;
    std::vector<TrainingStep::Checkpoint> checkpoints;  // of each part at the end
    std::vector<std::vector<Tensor>> weights;
    std::size_t n_gradients = 0;
};
constexpr int n_tiles_of_course = 21;
constexpr std::uint32_t n_epochs_of_course = 4;

/// The same tiles again and again, in `n_parts` parts and a few at once; stopped and gone on with
/// after so many epochs.
Course train_in_parts(const TrainSettings& settings,
                      int n_parts,
                      int n_tiles = n_tiles_of_course,
                      std::uint32_t restart_after = n_epochs_of_course,
                      std::size_t max_bytes = SIZE_MAX) {
    constexpr int tile_px = 24;
    const Toy toy(n_tiles_of_course, settings.network, tile_px, 1);
    const auto n_all = static_cast<std::size_t>(n_parts);
    ThreadMemory::Common common{.door = std::barrier<>(n_parts), .max_bytes = max_bytes};
    common.gradients.resize(n_all);
    Course course;
    course.losses.assign(n_epochs_of_course, 0);
    course.checkpoints.resize(n_all);
    course.weights.resize(n_all);
    std::vector<std::vector<double>> losses(n_all);
    const auto work = [&](int number) {
        ThreadMemory memory(common, n_parts, number);
        const BatchPart part = batch_part(n_tiles, number, n_parts, grain_of(settings, n_parts));
        const auto first = static_cast<std::size_t>(part.first);
        const auto n = static_cast<std::size_t>(part.n);
        const auto begin = [&](std::uint64_t seed) {
            TrainSettings with = settings;
            with.seed = seed;
            return TrainingStep(with, tile_px, Device{}, 1, &memory);
        };
        TrainingStep step = begin(5);
        for (std::uint32_t epoch = 0; epoch < n_epochs_of_course; ++epoch) {
            if (epoch == restart_after) {
                const TrainingStep::Checkpoint checkpoint = step.checkpoint();
                memory.meet();  // the next allocation takes the place of this one
                step = begin(99);
                step.restore(checkpoint);
            }
            const std::vector<SampleKey> keys = keys_of(n_tiles_of_course, epoch);
            losses[static_cast<std::size_t>(number)].push_back(
                step.accumulate(toy.samples_of(first, n), std::span(toy.labels).subspan(first, n),
                                std::span(keys).subspan(first, n), n_tiles)
                    .loss);
            memory.sum(step.gradients());
            step.apply(settings.learning_rate);
        }
        course.checkpoints[static_cast<std::size_t>(number)] = step.checkpoint();
        course.weights[static_cast<std::size_t>(number)] = step.weights();
        if (number == 0) {
            course.n_gradients = step.gradients().size();
            EXPECT_EQ(step.times().sharing_s > 0, max_bytes == SIZE_MAX);
        }
        memory.meet();
    };
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < n_parts; ++number) {
            threads.emplace_back(work, number);
        }
    }
    for (const std::vector<double>& of_part : losses) {
        std::ranges::transform(course.losses, of_part, course.losses.begin(), std::plus());
    }
    return course;
}

class SharedTrainingOf : public testing::TestWithParam<std::string> {
  protected:
    TrainSettings settings_{.network = GetParam(),
                            .seed = 5,
                            .batch_size = n_tiles_of_course,
                            .learning_rate = 1e-3,
                            .micro_batch = 4};
};
INSTANTIATE_TEST_SUITE_P(Networks, SharedTrainingOf, testing::ValuesIn(network_names()));

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b.at(i));
        sum += difference * difference;
    }
    return std::sqrt(sum);
}

/// Processes that share the weights train as one does that sums its own gradients.
TEST_P(SharedTrainingOf, PartsTrainAsOne) {
    TrainingStep whole(settings_, 24, Device{}, 1);
    const std::vector<float> start = whole.checkpoint().weights;
    const Toy toy(n_tiles_of_course, GetParam(), 24, 1);
    std::vector<double> losses;
    for (std::uint32_t epoch = 0; epoch < n_epochs_of_course; ++epoch) {
        losses.push_back(whole
                             .accumulate(toy.samples, toy.labels, keys_of(n_tiles_of_course, epoch),
                                         n_tiles_of_course)
                             .loss);
        whole.apply(settings_.learning_rate);
    }
    for (const int n_parts : {1, 2, 3}) {
        const Course course = train_in_parts(settings_, n_parts);
        EXPECT_EQ(course.n_gradients, 0U);
        for (std::size_t epoch = 0; epoch < losses.size(); ++epoch) {
            EXPECT_NEAR(course.losses[epoch] / losses[epoch], 1, 1e-4)
                << n_parts << " parts, epoch " << epoch;
        }
        // All parts see the same memory, so one of them speaks for all.
        EXPECT_LT(distance(course.checkpoints[0].weights, whole.checkpoint().weights),
                  0.01 * distance(start, whole.checkpoint().weights))
            << n_parts << " parts";
    }
}

/// Of a batch that is not full.
TEST_P(SharedTrainingOf, PartsOfWholeMicroBatchesGiveTheSameBits) {
    settings_.batch_size = 24;
    settings_.micro_batch = 3;
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
        settings_.precision = precision;
        const Course alone = train_in_parts(settings_, 1);
        for (const int n_parts : {2, 4}) {
            const Course course = train_in_parts(settings_, n_parts);
            EXPECT_EQ(course.checkpoints[0].weights, alone.checkpoints[0].weights) << n_parts;
            EXPECT_EQ(course.checkpoints[0].second_moment, alone.checkpoints[0].second_moment);
        }
    }
}

TEST_P(SharedTrainingOf, GoesOnFromACheckpointBitByBit) {
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
        settings_.precision = precision;
        const Course uninterrupted = train_in_parts(settings_, 2);
        const Course resumed = train_in_parts(settings_, 2, n_tiles_of_course, 2);
        EXPECT_EQ(resumed.losses, uninterrupted.losses);
        EXPECT_EQ(resumed.weights, uninterrupted.weights);
        const TrainingStep::Checkpoint& mine = resumed.checkpoints[1];
        const TrainingStep::Checkpoint& theirs = uninterrupted.checkpoints[0];
        EXPECT_EQ(mine.weights, theirs.weights);
        EXPECT_EQ(mine.first_moment, theirs.first_moment);
        EXPECT_EQ(mine.second_moment, theirs.second_moment);
        EXPECT_EQ(mine.n_steps, theirs.n_steps);
    }
}

/// A batch that is not full, of which the first of three parts has nothing.
TEST_P(SharedTrainingOf, PartsMayHaveNothing) {
    const Course alone = train_in_parts(settings_, 1, 2);
    const Course together = train_in_parts(settings_, 3, 2);
    for (std::size_t epoch = 0; epoch < alone.losses.size(); ++epoch) {
        EXPECT_NEAR(together.losses[epoch] / alone.losses[epoch], 1, 1e-4) << epoch;
    }
}

/// In too little memory each process has weights of its own, and gradients are sums.
TEST_P(SharedTrainingOf, GoesOnWithoutWhereThereIsTooLittleMemory) {
    const Course course = train_in_parts(settings_, 2, n_tiles_of_course, 99, 1000);
    EXPECT_EQ(course.n_gradients,
              static_cast<std::size_t>(network_info(GetParam(), 24).n_parameters));
    EXPECT_EQ(course.weights[0], course.weights[1]);
}

TEST_P(SharedTrainingOf, Bf16FollowsFp32) {
    const Course exact = train_in_parts(settings_, 2);
    settings_.precision = Precision::bf16;
    const Course rounded = train_in_parts(settings_, 2);
    for (std::size_t epoch = 0; epoch < exact.losses.size(); ++epoch) {
        EXPECT_NEAR(rounded.losses[epoch] / exact.losses[epoch], 1, 0.05) << epoch;
        EXPECT_NE(rounded.losses[epoch], exact.losses[epoch]);
    }
}

}  // namespace
}  // namespace faintweb::learn
