// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/field_store.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/record_file.h"
#include "mpi/comm/share_fields.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::pipeline {
namespace {

constexpr std::int64_t n_fields = 30;

catalogue::FieldResult result_of(std::int64_t field) {
    catalogue::FieldResult result;
    result.field.field = static_cast<std::int32_t>(field);
    result.tiles.resize(static_cast<std::size_t>(field % 3));
    result.scores.assign(static_cast<std::size_t>(field % 5), static_cast<float>(field));
    result.local_rms.assign(result.scores.size(), 1e-7F);
    return result;
}

class FieldStoreTest : public testing::Test {
  protected:
    FieldStoreTest() : world_(test::world()) {
        folder_ = fmt::format("{}faintweb_store_{}", testing::TempDir(), getpid());
        world_.broadcast(folder_);
        std::iota(keys_.begin(), keys_.end(), 100U);
    }
    ~FieldStoreTest() override {
        world_.barrier();
        if (world_.is_root()) {
            std::filesystem::remove_all(folder_);
        }
    }

    std::unique_ptr<FieldStore> open(const std::string& hash = "hash") const {
        return std::make_unique<FieldStore>(world_, folder_, hash, keys_);
    }

    /// Works on fields that the store has not, no more of them than `n_most`.
    void work(FieldStore& store, std::size_t n_most = n_fields) const {
        std::vector<std::int64_t> order = store.interrupted();
        order.insert(order.end(), store.pending().begin(), store.pending().end());
        order.resize(std::min(order.size(), n_most));
        comm::share_fields(world_, order, {},
                           {.read = [](std::int64_t) { return std::vector<float>(); },
                            .work =
                                [&](std::int64_t field, const std::vector<float>&) {
                                    store.keep(catalogue::FieldId(field), result_of(field));
                                },
                            .fail = nullptr},
                           store);
    }

    void expect_whole(FieldStore& store) const {
        EXPECT_EQ(store.n_missing(), 0);
        const io::FieldSource source = store.source();
        ASSERT_EQ(source.sizes.size(), static_cast<std::size_t>(n_fields));
        for (std::int64_t field = 0; field < n_fields; ++field) {
            const catalogue::FieldResult read = source.load(catalogue::FieldId(field));
            EXPECT_EQ(read.field.field, field);
            EXPECT_EQ(read.scores, result_of(field).scores);
            EXPECT_EQ(source.sizes[static_cast<std::size_t>(field)].n_rows, field % 3);
        }
        world_.barrier();
    }

    /// On rank 0, with the others waiting.
    template <typename Work>
    void on_root(const Work& work) const {
        world_.barrier();
        if (world_.is_root()) {
            work();
        }
        world_.barrier();
    }

    comm::Communicator world_;
    std::string folder_;
    std::vector<catalogue::FieldKey> keys_ = std::vector<catalogue::FieldKey>(n_fields);
};

TEST_F(FieldStoreTest, KeepsAllAndGoesWhenItIsTold) {
    const auto store = open();
    EXPECT_EQ(store->pending().size(), world_.is_root() ? n_fields : 0);
    work(*store);
    expect_whole(*store);
    on_root([&] { store->remove(); });
    EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(FieldStoreTest, GoesOnWhereAnotherRunEnded) {
    work(*open(), 11);
    const auto store = open();
    if (world_.is_root()) {
        EXPECT_EQ(store->n_done(), 11);
        EXPECT_EQ(store->pending().size(), 19U);
        EXPECT_EQ(store->n_missing(), 19);
    }
    work(*store);
    expect_whole(*store);
    // With nothing left to do.
    const auto again = open();
    EXPECT_TRUE(again->pending().empty());
    work(*again);
    expect_whole(*again);
}

TEST_F(FieldStoreTest, AdoptsWhatTheJournalWasNotTold) {
    {
        const auto store = open();
        on_root([&] {
            store->begun(3, 0);
            store->begun(4, 0);
        });
        // Written to shards, and the report lost on its way.
        if (world_.rank() == world_.size() - 1) {
            store->keep(catalogue::FieldId(3), result_of(3));
            store->report(/*is_last=*/true);
        }
        world_.barrier();
    }
    const auto store = open();
    if (world_.is_root()) {
        EXPECT_EQ(store->n_done(), 1);
        EXPECT_EQ(store->interrupted(), (std::vector<std::int64_t>{4}));
    }
    work(*store);
    expect_whole(*store);
}

TEST_F(FieldStoreTest, AFieldThatCrashedTwiceIsQuarantined) {
    for (int n = 0; n < 2; ++n) {
        const auto store = open();
        EXPECT_TRUE(store->quarantined().empty());
        if (world_.rank() == world_.size() - 1) {
            // As base::Watchdog would.
            const catalogue::FieldKey key = keys_[5];
            base::RecordWriter(store->notes_path()).append(std::as_bytes(std::span(&key, 1)));
        }
        world_.barrier();
    }
    const auto store = open();
    if (world_.is_root()) {
        EXPECT_EQ(store->quarantined(), std::vector{catalogue::FieldId(5)});
        EXPECT_TRUE(store->interrupted().empty());
        store->keep(catalogue::FieldId(5), result_of(5));
    }
    work(*store);
    expect_whole(*store);
}

TEST_F(FieldStoreTest, AFieldWhoseRowsAreDamagedIsMadeAnew) {
    work(*open());
    {
        const auto store = open();
        const io::FieldSource source = store->source();
        on_root([&] {
            for (const catalogue::ShardName name : catalogue::list_shards(folder_)) {
                std::fstream file(catalogue::shard_path(folder_, name),
                                  std::ios::in | std::ios::out | std::ios::binary);
                file.seekp(base::record_header_bytes + 30);
                file.put('!');
            }
            int n_damaged = 0;
            for (std::int64_t field = 0; field < n_fields && n_damaged == 0; ++field) {
                try {
                    source.load(catalogue::FieldId(field));
                } catch (const base::DiskError& error) {
                    ++n_damaged;
                    EXPECT_NE(std::string(error.what()).find("is damaged"), std::string::npos);
                }
            }
            EXPECT_EQ(n_damaged, 1);
        });
    }
    const auto store = open();
    if (world_.is_root()) {
        EXPECT_EQ(store->pending().size(), 1U);
    }
}

TEST_F(FieldStoreTest, ARunOfAnotherCampaignIsNotTouched) {
    work(*open(), 4);
    try {
        open("another hash");
        ADD_FAILURE() << "went on with another run";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ExitCode::usage);
        EXPECT_NE(std::string(error.what()).find("unfinished run of another campaign"),
                  std::string::npos);
    }
    const auto store = open();
    if (world_.is_root()) {
        EXPECT_EQ(store->n_done(), 4);
    }
}

TEST_F(FieldStoreTest, FieldsThatAreNoLongerInThePlanAreForgotten) {
    work(*open());
    std::vector<catalogue::FieldKey> keys(keys_.rbegin(), keys_.rend());
    keys[2] = 7;  // its file has changed
    FieldStore store(world_, folder_, "hash", keys);
    if (world_.is_root()) {
        EXPECT_EQ(store.n_done(), n_fields - 1);
        EXPECT_EQ(store.pending(), (std::vector<std::int64_t>{2}));
    }
    world_.barrier();
}

TEST_F(FieldStoreTest, AFolderWithAnythingElseInItIsNotTouched) {
    const std::string diary = folder_ + "/diary";
    for (const bool has_run : {false, true}) {
        if (has_run) {
            work(*open(), 4);
        }
        on_root([&] {
            std::filesystem::create_directories(folder_);
            std::ofstream(diary) << "of the user";
        });
        try {
            open();
            ADD_FAILURE() << "took the folder";
        } catch (const base::Error& error) {
            EXPECT_EQ(error.code(), base::ExitCode::usage);
            EXPECT_NE(std::string(error.what()).find("holds diary"), std::string::npos);
        }
        on_root([&] {
            EXPECT_EQ(std::filesystem::file_size(diary), 11U);
            std::filesystem::remove(diary);
        });
    }
    const auto store = open();
    if (world_.is_root()) {
        EXPECT_EQ(store->n_done(), 4);
    }
}

}  // namespace
}  // namespace faintweb::pipeline
