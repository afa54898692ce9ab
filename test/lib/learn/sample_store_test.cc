// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/sample_store.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/learn/half.h"

namespace faintweb::learn {
namespace {

namespace fs = std::filesystem;

TEST(SampleStore, GivesBackEachTileFromMemoryAndFile) {
    const fs::path folder =
        fs::temp_directory_path() / ("faintweb_sample_store_" + std::to_string(::getpid()));
    fs::create_directories(folder);
    // 0, 7 and all of 20 samples of 12 bytes are in memory.
    for (const std::size_t max_bytes : {0U, 95U, 10'000U}) {
        SampleStore store(6, max_bytes, folder.string());
        for (int i = 0; i < 20; ++i) {
            std::vector<float> sample(6, static_cast<float>(i));
            sample[5] = 0.5F;
            store.add(sample);
        }
        EXPECT_EQ(store.size(), 20U);
        EXPECT_EQ(store.is_spilled(), max_bytes < 240);
        EXPECT_TRUE(fs::is_empty(folder));
        const SampleStore moved = std::move(store);
        std::vector<std::uint16_t> sample(6);
        for (const int i : {19, 0, 7, 6, 8, 12}) {
            moved.read(static_cast<std::size_t>(i), sample);
            EXPECT_EQ(sample[0], to_half(static_cast<float>(i)));
            EXPECT_EQ(sample[4], to_half(static_cast<float>(i)));
            EXPECT_EQ(sample[5], to_half(0.5F));
        }
    }
    fs::remove_all(folder);
    SampleStore nowhere(1, 0, (folder / "gone").string());
    EXPECT_THROW(nowhere.add(std::vector<float>{1}), base::InputError);
}

}  // namespace
}  // namespace faintweb::learn
