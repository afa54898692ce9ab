// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/journal.h"

#include <filesystem>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/record_file.h"

namespace faintweb::catalogue {
namespace {

constexpr StoredField stored_7{
    .key = 7, .shard = {1, 2}, .offset = 40, .n_rows = 3, .n_scores = 25};

class JournalTest : public testing::Test {
  protected:
    JournalTest() : path_(fmt::format("{}faintweb_journal_{}", testing::TempDir(), getpid())) {
        std::filesystem::remove(path_);
    }
    ~JournalTest() override { std::filesystem::remove(path_); }

    /// Begins the next attempt.
    Journal attempt() const {
        JournalState state = read_journal(path_);
        state.run_hash = "hash";
        return {path_, state};
    }

    std::string path_;
};

TEST_F(JournalTest, WithoutAFileThereIsNoRun) {
    EXPECT_EQ(read_journal(path_).n_attempts, 0);
}

TEST_F(JournalTest, SaysWhatBecameOfFields) {
    {
        Journal journal = attempt();
        journal.begun(7, 2, AttemptMode::among_others);
        journal.begun(8, 1, AttemptMode::among_others);
        journal.done(stored_7);
        journal.flush();
    }
    attempt();
    JournalState state = read_journal(path_);
    EXPECT_EQ(state.run_hash, "hash");
    EXPECT_EQ(state.n_attempts, 2);
    EXPECT_EQ(state.fields.at(7).stored, stored_7);
    EXPECT_FALSE(state.fields.at(7).is_interrupted());
    EXPECT_TRUE(state.fields.at(8).is_interrupted());
    EXPECT_FALSE(state.fields.at(8).is_quarantined());
    EXPECT_FALSE(state.fields.contains(9));
    attempt().lost(7);
    EXPECT_FALSE(read_journal(path_).fields.contains(7));
}

TEST_F(JournalTest, TwoCrashesOrThreeLoneAttemptsAreQuarantined) {
    for (int n = 1; n <= 3; ++n) {
        Journal journal = attempt();
        journal.begun(1, 0, AttemptMode::among_others);
        journal.crashed(1);
        journal.begun(2, 0, AttemptMode::alone);
        journal.begun(3, 0, AttemptMode::among_others);
        const JournalState state = read_journal(path_);
        EXPECT_EQ(state.fields.at(1).is_quarantined(), n >= 2) << n;
        EXPECT_EQ(state.fields.at(2).is_quarantined(), n >= 3) << n;
        EXPECT_FALSE(state.fields.at(3).is_quarantined()) << n;
    }
    // Done after all.
    StoredField stored = stored_7;
    stored.key = 2;
    attempt().done(stored);
    EXPECT_FALSE(read_journal(path_).fields.at(2).is_quarantined());
}

TEST_F(JournalTest, CutAtAnyByteOfItsLastRecordItIsAsBeforeThatRecord) {
    {
        Journal journal = attempt();
        journal.begun(7, 2, AttemptMode::among_others);
    }
    const auto n_before = std::filesystem::file_size(path_);
    const std::int64_t n_bytes = read_journal(path_).n_bytes;
    EXPECT_EQ(n_bytes, static_cast<std::int64_t>(n_before));
    std::ostringstream whole;
    {
        base::RecordWriter(path_, n_bytes);
        JournalState state = read_journal(path_);
        Journal journal(path_, state);
        journal.done(stored_7);
    }
    whole << std::ifstream(path_, std::ios::binary).rdbuf();
    const std::string bytes = whole.str();
    const std::size_t n_last = base::record_header_bytes + 8 + sizeof(StoredField);
    for (std::size_t n = bytes.size() - n_last; n < bytes.size(); ++n) {
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes.substr(0, n);
        const JournalState state = read_journal(path_);
        EXPECT_EQ(state.n_attempts, 2);
        EXPECT_TRUE(state.fields.at(7).is_interrupted()) << n;
        EXPECT_EQ(state.n_bytes, static_cast<std::int64_t>(bytes.size() - n_last));
    }
    // It is written over, and all is well again.
    attempt().done(stored_7);
    EXPECT_EQ(read_journal(path_).fields.at(7).stored, stored_7);
}

TEST_F(JournalTest, AnotherVersionOrFileIsRefused) {
    const auto refusal = [&](const std::string& payload) -> std::string {
        base::RecordWriter(path_).append(std::as_bytes(std::span(payload)));
        try {
            read_journal(path_);
        } catch (const base::UsageError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_NE(refusal("words of another program").find("unfinished run of another faintweb"),
              std::string::npos);
    EXPECT_NE(refusal("x").find("without a kind"), std::string::npos);
    // An attempt as it is written today, of the next version.
    std::filesystem::remove(path_);
    attempt();
    std::string first;
    base::read_records(path_, 0, [&](std::int64_t, std::span<const std::byte> payload) {
        first.assign(reinterpret_cast<const char*>(payload.data()), payload.size());
    });
    ++first[4];
    EXPECT_NE(refusal(first).find("is of another version"), std::string::npos);
}

}  // namespace
}  // namespace faintweb::catalogue
