// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/checkpoint.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace faintweb::learn {
namespace {

namespace fs = std::filesystem;

TrainingState state_at(std::int64_t n_steps) {
    TrainingState state;
    state.settings_sha256 = "abc";
    state.epoch = 3;
    state.n_batches = 7;
    state.sums = {{0.1, 3}, {1.0 / 3, 4}};
    state.history = {{1, 10, 1e-4, 0.7, 0.5, std::nullopt},
                     {2, 20, 1e-4, 2.0 / 3, 0.6, score::Validation{0.1, 0.2, 0.3, 0.4, 0.5}}};
    state.timings = {{1, 2.5, 300, 0.25, 0.5, 0.125}};
    state.step.n_steps = n_steps;
    for (int i = 0; i < 50; ++i) {
        state.step.weights.push_back(0.1F * static_cast<float>(i));
        state.step.first_moment.push_back(0.2F * static_cast<float>(i));
        state.step.second_moment.push_back(0.3F * static_cast<float>(i));
        state.best_weights.push_back(0.4F * static_cast<float>(i));
    }
    return state;
}

class CheckpointFolder : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = (fs::temp_directory_path() /
                   (std::string("faintweb_checkpoint_") +
                    testing::UnitTest::GetInstance()->current_test_info()->name() +
                    std::to_string(::getpid())))
                      .string();
        for (const std::int64_t n_steps : {8, 9, 10}) {
            write_checkpoint(folder_, state_at(n_steps));
        }
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string path_of(int n_steps) const {
        const std::string digits = std::to_string(n_steps);
        return folder_ + "/step_" + std::string(12 - digits.size(), '0') + digits + ".checkpoint";
    }
    std::int64_t last_step(const std::string& settings = "abc", std::size_t n = 50) const {
        const std::string bytes = last_good_checkpoint(folder_, settings, n);
        return bytes.empty() ? -1 : parse_checkpoint(bytes).step.n_steps;
    }

    std::string folder_;
};

TEST(Checkpoint, ComesBackBitByBit) {
    TrainingState state = state_at(9);
    for (const bool has_best : {true, false}) {
        if (!has_best) {
            state.best_weights.clear();
        }
        const TrainingState back = parse_checkpoint(checkpoint_bytes(state));
        EXPECT_EQ(back.settings_sha256, state.settings_sha256);
        EXPECT_EQ(back.epoch, 3);
        EXPECT_EQ(back.n_batches, 7);
        ASSERT_EQ(back.sums.size(), 2U);
        EXPECT_EQ(back.sums[1].loss, 1.0 / 3);
        EXPECT_EQ(back.sums[1].n_right, 4);
        EXPECT_EQ(back.history, state.history);
        ASSERT_EQ(back.timings.size(), 1U);
        EXPECT_EQ(back.timings[0].validate_s, 0.125);
        EXPECT_EQ(back.step.n_steps, 9);
        EXPECT_EQ(back.step.weights, state.step.weights);
        EXPECT_EQ(back.step.first_moment, state.step.first_moment);
        EXPECT_EQ(back.step.second_moment, state.step.second_moment);
        EXPECT_EQ(back.best_weights, state.best_weights);
    }
}

TEST(Checkpoint, IsRefusedWhateverByteDiffersAndWhereverItEnds) {
    const std::string bytes = checkpoint_bytes(state_at(9));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string flipped = bytes;
        flipped[i] = static_cast<char>(flipped[i] ^ 4);
        EXPECT_THROW(parse_checkpoint(flipped), base::UsageError) << i;
        EXPECT_THROW(parse_checkpoint(bytes.substr(0, i)), base::UsageError) << i;
    }
    EXPECT_THROW(parse_checkpoint(bytes + "x"), base::UsageError);
}

TEST_F(CheckpointFolder, KeepsTheLastTwo) {
    EXPECT_FALSE(fs::exists(path_of(8)));
    EXPECT_TRUE(fs::exists(path_of(9)));
    EXPECT_TRUE(fs::exists(path_of(10)));
    EXPECT_EQ(last_step(), 10);
}

TEST_F(CheckpointFolder, FallsBackFromABadOne) {
    fs::resize_file(path_of(10), fs::file_size(path_of(10)) / 2);
    EXPECT_EQ(last_step(), 9);
    EXPECT_FALSE(fs::exists(path_of(10)));
    // What a kill while writing leaves is no checkpoint.
    base::write_file(path_of(11) + ".partial", "half");
    EXPECT_EQ(last_step(), 9);
    fs::resize_file(path_of(9), 0);
    EXPECT_EQ(last_step(), -1);
}

TEST_F(CheckpointFolder, RefusesOneOfAnotherTraining) {
    TrainingState other = state_at(11);
    other.settings_sha256 = "other";
    write_checkpoint(folder_, other);
    EXPECT_EQ(last_step(), 10);
    other = state_at(11);
    for (auto* values :
         {&other.step.weights, &other.step.first_moment, &other.step.second_moment}) {
        values->resize(40);
    }
    other.best_weights.clear();
    write_checkpoint(folder_, other);
    EXPECT_EQ(last_step(), 10);
    EXPECT_EQ(last_step("other"), -1);
    EXPECT_TRUE(fs::is_empty(folder_));
    EXPECT_EQ(last_good_checkpoint(folder_ + "/nowhere", "abc", 50), "");
}

TEST_F(CheckpointFolder, RemovesWhatIsOursAlone) {
    const std::string ours = folder_ + "/0123456789ab";
    for (const std::int64_t n_steps : {8, 9}) {
        write_checkpoint(ours, state_at(n_steps));
    }
    base::write_file(ours + "/step_000000000010.checkpoint.partial", "half");
    fs::create_directory(folder_ + "/my_models");
    base::write_file(folder_ + "/my_models/best.checkpoint", "weights");
    fs::create_directory(folder_ + "/ba9876543210");
    base::write_file(folder_ + "/ba9876543210/best.checkpoint", "weights");
    remove_checkpoints(folder_);
    EXPECT_FALSE(fs::exists(ours));
    EXPECT_TRUE(fs::exists(folder_ + "/my_models/best.checkpoint"));
    EXPECT_TRUE(fs::exists(folder_ + "/ba9876543210/best.checkpoint"));
    fs::remove_all(folder_);
    write_checkpoint(ours, state_at(8));
    remove_checkpoints(folder_);
    EXPECT_FALSE(fs::exists(folder_));
    remove_checkpoints(folder_);
}

}  // namespace
}  // namespace faintweb::learn
