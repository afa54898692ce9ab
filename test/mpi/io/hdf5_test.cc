// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/hdf5.h"

#include <filesystem>
#include <numeric>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/catalogue/records.h"
#include "mpi/io/table.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::io {
namespace {

class Hdf5Test : public testing::Test {
  protected:
    Hdf5Test() : world_(test::world()) {
        path_ = fmt::format("{}faintweb_hdf5_{}.h5", testing::TempDir(), getpid());
        world_.broadcast(path_);
    }
    ~Hdf5Test() override {
        world_.barrier();
        if (world_.is_root()) {
            std::filesystem::remove(path_);
        }
    }

    File open(File::For purpose) const {
        return File::open(path_, purpose, disk_failure("read", path_));
    }

    comm::Communicator world_;
    std::string path_;
};

TEST_F(Hdf5Test, RanksWriteTheirPartsOfOneTableAndSomeHaveNone) {
    constexpr std::int64_t n_per_rank = 5;
    const std::int64_t n_writers = (world_.size() + 1) / 2;
    {
        File file = File::create(world_, path_, {}, disk_failure("write", path_));
        Table<catalogue::TileRecord>::add(file, "/tiles", n_writers * n_per_rank);
        std::vector<catalogue::TileRecord> mine;
        for (std::int64_t i = 0; world_.rank() < n_writers && i < n_per_rank; ++i) {
            mine.push_back({.field = world_.rank(), .x = static_cast<double>(i)});
        }
        const std::int64_t first = mine.empty() ? 0 : world_.rank() * n_per_rank;
        Table<catalogue::TileRecord>(file, "/tiles").write(first, mine);
        file.close();
    }
    world_.barrier();
    const File file = open(File::For::reading);
    const Table<catalogue::TileRecord> table(file, "/tiles");
    ASSERT_EQ(table.size(), n_writers * n_per_rank);
    const auto rows = table.read();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].field, static_cast<std::int64_t>(i) / n_per_rank);
        EXPECT_EQ(rows[i].x, static_cast<double>(i % n_per_rank));
    }
    EXPECT_EQ(table.read(2, 3), std::vector(rows.begin() + 2, rows.begin() + 5));
}

TEST_F(Hdf5Test, AttributesComeBackInTheOrderOfTheirWriting) {
    if (!world_.is_root()) {
        return;
    }
    {
        File file = File::create(path_, {}, disk_failure("write", path_));
        file.add_attribute("version", std::int32_t{3});
        const Object group = file.add_group("/place");
        group.add_attribute("z", "last letter");
        group.add_attribute("a", "");
        group.add_attribute("number", 2.5);
    }
    const File file = open(File::For::reading);
    EXPECT_EQ(file.number_attribute("version"), std::vector<double>{3});
    EXPECT_EQ(file.text_attribute("version"), std::nullopt);
    EXPECT_EQ(file.text_attribute("nothing"), std::nullopt);
    const std::vector<std::pair<std::string, std::string>> expected{
        {"z", "last letter"}, {"a", ""}, {"number", ""}};
    EXPECT_EQ(file.group("/place").text_attributes(), expected);
    EXPECT_TRUE(file.has("/place"));
    EXPECT_FALSE(file.has("/no/place"));
}

TEST_F(Hdf5Test, BlocksOfAChunkedDatasetFindTheirPlace) {
    if (!world_.is_root()) {
        return;
    }
    const File file =
        File::create(path_, {.structures = Hdf5Structures::v1_10}, disk_failure("write", path_));
    const Dataset dataset =
        file.add_dataset("codes", number_type<std::uint16_t>(), {4, 6}, {.chunk = {2, 3}});
    const std::vector<std::uint16_t> block{1, 2, 3, 4, 5, 6};
    dataset.write({{2, 3}, {2, 3}}, block.data());
    EXPECT_EQ(dataset.shape(), (std::vector<std::int64_t>{4, 6}));
    std::vector<std::uint16_t> all(24);
    dataset.read(number_type<std::uint16_t>(), all.data());
    EXPECT_EQ(std::accumulate(all.begin(), all.end(), 0), 21);
    EXPECT_EQ(all[2 * 6 + 3], 1);
    EXPECT_EQ(all[3 * 6 + 5], 6);
    std::vector<double> row(3);
    dataset.read(number_type<double>(), {{3, 3}, {1, 3}}, row.data());
    EXPECT_EQ(row, (std::vector<double>{4, 5, 6}));
}

TEST_F(Hdf5Test, FailuresGoToTheFilesOwnPolicyWithTheAccount) {
    if (!world_.is_root()) {
        return;
    }
    File::create(path_, {}, disk_failure("write", path_)).close();
    const File file = File::open(path_, File::For::reading, [](const std::string& account) {
        throw base::InputError(account);
    });
    try {
        file.dataset("/nothing");
        ADD_FAILURE() << "opened a dataset that is not there";
    } catch (const base::InputError& error) {
        const std::string account = error.what();
        EXPECT_TRUE(account.starts_with("/nothing: H5Dopen2 failed; ")) << account;
        EXPECT_EQ(account.find('\n'), std::string::npos);
    }
    EXPECT_THROW(File::open(path_ + ".none", File::For::reading, disk_failure("read", path_)),
                 base::DiskError);
}

}  // namespace
}  // namespace faintweb::io
