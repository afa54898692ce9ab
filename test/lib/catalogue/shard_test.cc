// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/shard.h"

#include <filesystem>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace faintweb::catalogue {
namespace {

FieldResult result_of(std::int32_t field, std::size_t n_rows, std::size_t n_scores) {
    FieldResult result;
    result.field.field = field;
    result.field.reason = "why";
    for (std::size_t i = 0; i < n_rows; ++i) {
        result.tiles.push_back({.field = field, .row = static_cast<std::int32_t>(i), .x = 0.5});
    }
    for (std::size_t i = 0; i < n_scores; ++i) {
        result.scores.push_back(static_cast<float>(i) / 7);
        result.local_rms.push_back(static_cast<float>(i) * 1e-8F);
    }
    return result;
}

class Shard : public testing::Test {
  protected:
    Shard() : folder_(fmt::format("{}faintweb_shard_{}", testing::TempDir(), getpid())) {
        std::filesystem::create_directories(folder_);
    }
    ~Shard() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
};

TEST_F(Shard, FieldsComeBackWhole) {
    const std::vector<FieldResult> results{result_of(3, 5, 9), result_of(4, 0, 0),
                                           result_of(5, 0, 12)};
    std::vector<StoredField> stored;
    {
        ShardWriter writer(folder_, {2, 7});
        for (const FieldResult& result : results) {
            stored.push_back(writer.append(static_cast<FieldKey>(result.field.field), result));
        }
        writer.flush();
    }
    EXPECT_EQ(list_shards(folder_), (std::vector<ShardName>{{2, 7}}));
    EXPECT_EQ(read_shard(folder_, {2, 7}, 0), stored);
    EXPECT_EQ(read_shard(folder_, {2, 7}, stored[1].offset),
              (std::vector<StoredField>{stored[1], stored[2]}));
    ShardReader reader(folder_);
    for (std::size_t i = results.size(); i-- > 0;) {
        const FieldResult read = reader.read(stored[i]);
        EXPECT_EQ(read.field, results[i].field);
        EXPECT_EQ(read.tiles, results[i].tiles);
        EXPECT_EQ(read.scores, results[i].scores);
        EXPECT_EQ(read.local_rms, results[i].local_rms);
    }
}

TEST_F(Shard, ATornFieldIsLeftOut) {
    StoredField last;
    {
        ShardWriter writer(folder_, {1, 0});
        writer.append(1, result_of(1, 2, 4));
        last = writer.append(2, result_of(2, 2, 4));
    }
    const std::string path = shard_path(folder_, {1, 0});
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    EXPECT_EQ(read_shard(folder_, {1, 0}, 0).size(), 1U);
    EXPECT_THROW(ShardReader(folder_).read(last), base::InputError);
}

TEST_F(Shard, TheFieldOfAnotherKeyIsNoField) {
    StoredField stored = ShardWriter(folder_, {1, 0}).append(1, result_of(1, 2, 4));
    ++stored.key;
    EXPECT_THROW(ShardReader(folder_).read(stored), base::InputError);
    --stored.key;
    ++stored.n_rows;
    EXPECT_THROW(ShardReader(folder_).read(stored), base::InputError);
}

TEST_F(Shard, OtherFilesAreNoShards) {
    std::ofstream(folder_ + "/journal") << "x";
    std::ofstream(folder_ + "/shard_") << "x";
    EXPECT_TRUE(list_shards(folder_).empty());
}

}  // namespace
}  // namespace faintweb::catalogue
