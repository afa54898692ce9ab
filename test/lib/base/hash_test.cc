// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/hash.h"

#include <cstddef>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace faintweb::base {
namespace {

// FIPS 180-2, appendix B.1.
constexpr const char* sha256_of_abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, MatchesTheStandard) {
    EXPECT_EQ(sha256("abc"), sha256_of_abc);
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
    Sha256 hash;
    hash.add("a");
    const std::vector<char> rest{'b', 'c'};
    hash.add_values(std::span<const char>(rest));
    EXPECT_EQ(hash.finish(), sha256_of_abc);
}

/// As Python's xxhash 4.1.0 gives them.
TEST(Xxh3, GivesTheDigestsThatOtherProgramsGive) {
    EXPECT_EQ(xxh3_128({}), "99aa06d3014798d86001c324468d497f");
    EXPECT_EQ(xxh3_128(std::as_bytes(std::span("abc", 3))), "06b05ab6733a618578af5f94892f3950");
}

TEST(Xxh3, PiecesGiveTheSameAsTheWhole) {
    const std::vector<float> values(1000, 1.5F);
    const std::span<const std::byte> bytes = std::as_bytes(std::span(values));
    Xxh3 hash;
    hash.add(bytes.first(1));
    hash.add(bytes.subspan(1, 2500));
    hash.add(bytes.subspan(2501));
    EXPECT_EQ(hash.finish(), xxh3_128(bytes));
    EXPECT_EQ(hash.finish().size(), 32U);
}

TEST(Sha256, OfAFile) {
    const std::string path = testing::TempDir() + "hash_test";
    write_file(path, "abc");
    EXPECT_EQ(sha256_of_file(path), sha256_of_abc);
    EXPECT_THROW(sha256_of_file(path + "_missing"), InputError);
}

TEST(Sha256, OfPiecesSeesChangesAllOverAFile) {
    const std::string path = testing::TempDir() + "hash_pieces_test";
    const auto hash_of = [&](const std::string& text) {
        write_file(path, text);
        return sha256_of_pieces(path);
    };
    // Every byte of a small file counts, and its size.
    EXPECT_EQ(hash_of("abc"), hash_of("abc"));
    EXPECT_NE(hash_of("abc"), hash_of("abd"));
    EXPECT_NE(hash_of(""), hash_of("a"));
    const std::size_t mib = std::size_t{1} << 20;
    const std::string small(mib, 'a');
    const std::string large(10 * mib, 'a');
    for (const std::string& text : {small, large}) {
        const std::string before = hash_of(text);
        EXPECT_EQ(hash_of(text), before);
        EXPECT_NE(hash_of(text + 'a'), before);
        for (int i = 0; i <= 16; ++i) {
            std::string changed = text;
            changed[(text.size() - 1) * static_cast<std::size_t>(i) / 16] = 'b';
            EXPECT_NE(hash_of(changed), before) << text.size() << " bytes, " << i << " / 16";
        }
    }
    const std::string before = hash_of(small);
    for (std::size_t at = 0; at < mib; at += 32749) {
        std::string changed = small;
        changed[at] = 'b';
        EXPECT_NE(hash_of(changed), before) << at;
    }
    EXPECT_THROW(sha256_of_pieces(path + "_missing"), InputError);
}

}  // namespace
}  // namespace faintweb::base
