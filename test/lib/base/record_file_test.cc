// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/record_file.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

using Records = std::vector<std::pair<std::int64_t, std::string>>;

Records read_all(const std::string& path, std::int64_t& end, std::int64_t first = 0) {
    Records records;
    end = read_records(path, first, [&](std::int64_t offset, std::span<const std::byte> payload) {
        records.emplace_back(
            offset, std::string(reinterpret_cast<const char*>(payload.data()), payload.size()));
    });
    return records;
}

class RecordFile : public testing::Test {
  protected:
    RecordFile() : path_(fmt::format("{}faintweb_records_{}", testing::TempDir(), getpid())) {
        std::filesystem::remove(path_);
    }
    ~RecordFile() override { std::filesystem::remove(path_); }

    std::string path_;
};

TEST(Crc32c, IsThatOfRfc3720) {
    // Appendix B.4: 32 bytes of zeros, of ones, and ascending ones; and the check value of the CRC
    // catalogues.
    std::string ascending(32, '\0');
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        ascending[i] = static_cast<char>(i);
    }
    EXPECT_EQ(crc32c(bytes_of(std::string(32, '\0'))), 0x8A9136AAU);
    EXPECT_EQ(crc32c(bytes_of(std::string(32, '\xFF'))), 0x62A8AB43U);
    EXPECT_EQ(crc32c(bytes_of(ascending)), 0x46DD794EU);
    EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
    EXPECT_EQ(crc32c(bytes_of("56789"), crc32c(bytes_of("1234"))), 0xE3069283U);
}

TEST_F(RecordFile, RecordsComeBackWithTheirPlaces) {
    // The last is larger than the window that reads.
    const std::vector<std::string> payloads{"one", "", std::string(100, 'x'),
                                            std::string(3 << 20, 'y'), "end"};
    Records expected;
    {
        RecordWriter writer(path_);
        for (const std::string& payload : payloads) {
            expected.emplace_back(writer.append(bytes_of(payload)), payload);
        }
        writer.flush();
    }
    std::int64_t end = 0;
    EXPECT_EQ(read_all(path_, end), expected);
    EXPECT_EQ(end, static_cast<std::int64_t>(std::filesystem::file_size(path_)));
    EXPECT_EQ(read_all(path_, end, expected[3].first),
              (Records{expected.begin() + 3, expected.end()}));
    const Descriptor file(path_, O_RDONLY);
    for (const auto& [offset, payload] : expected) {
        const std::vector<std::byte> read = read_record(file, path_, offset);
        EXPECT_TRUE(std::ranges::equal(read, bytes_of(payload)));
    }
    EXPECT_THROW(read_record(file, path_, 1), InputError);
    EXPECT_THROW(read_record(file, path_, end), InputError);
}

TEST_F(RecordFile, AFileThatIsNotThereHasNone) {
    std::int64_t end = -1;
    EXPECT_TRUE(read_all(path_, end).empty());
    EXPECT_EQ(end, 0);
}

TEST_F(RecordFile, ATornRecordIsDroppedAtEveryByteAndWrittenOver) {
    RecordWriter(path_).append(bytes_of("first"));
    const auto n_first = std::filesystem::file_size(path_);
    RecordWriter(path_, static_cast<std::int64_t>(n_first)).append(bytes_of("the last one"));
    const auto n_all = std::filesystem::file_size(path_);
    for (auto n = n_first; n < n_all; ++n) {
        SCOPED_TRACE(n);
        std::filesystem::resize_file(path_, n);
        std::int64_t end = 0;
        EXPECT_EQ(read_all(path_, end), (Records{{0, "first"}}));
        EXPECT_EQ(end, static_cast<std::int64_t>(n_first));
        RecordWriter(path_, end).append(bytes_of("the last one"));
        EXPECT_EQ(read_all(path_, end).size(), 2U);
        EXPECT_EQ(end, static_cast<std::int64_t>(n_all));
    }
}

TEST_F(RecordFile, AnyBitThatHasChangedIsSeen) {
    RecordWriter(path_).append(bytes_of("payload"));
    const auto n = std::filesystem::file_size(path_);
    for (std::size_t byte = 0; byte < n; ++byte) {
        for (int bit = 0; bit < 8; ++bit) {
            const auto flip = [&] {
                std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
                file.seekg(static_cast<std::streamoff>(byte));
                const auto changed = static_cast<char>(file.get() ^ (1 << bit));
                file.seekp(static_cast<std::streamoff>(byte));
                file.put(changed);
            };
            flip();
            std::int64_t end = -1;
            EXPECT_TRUE(read_all(path_, end).empty()) << byte << " " << bit;
            flip();
        }
    }
}

}  // namespace
}  // namespace faintweb::base
