#include "lib/base/hash.h"

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

TEST(Sha256, OfAFile) {
    const std::string path = testing::TempDir() + "hash_test";
    write_file(path, "abc");
    EXPECT_EQ(sha256_of_file(path), sha256_of_abc);
    EXPECT_THROW(sha256_of_file(path + "_missing"), InputError);
}

}  // namespace
}  // namespace faintweb::base
