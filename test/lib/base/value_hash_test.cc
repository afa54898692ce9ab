#include "lib/base/value_hash.h"

#include <bit>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/hash.h"
#include "lib/base/random.h"
#include "lib/base/text.h"

namespace faintweb::base {
namespace {

std::vector<float> some_values(std::size_t n) {
    std::vector<float> values(n);
    fill_normal(1, Purpose::test, 0, 0, n, values.data());
    return values;
}

std::string hash_of(std::span<const float> values, int max_lanes = 16) {
    ValueHash hash(max_lanes);
    hash.add(values);
    return hash.finish();
}

/// The definition, by SHA-256 of OpenSSL.
std::string plain_hash(std::span<const float> values) {
    const std::size_t n_filled = (values.size() + 255) / 256 * 256;
    Sha256 whole;
    whole.add(text(values.size(), "\n"));
    for (std::size_t stream = 0; stream < 16; ++stream) {
        std::string bytes;
        for (std::size_t i = stream; i < n_filled; i += 16) {
            const auto bits =
                i < values.size() ? std::bit_cast<std::uint32_t>(values[i]) : std::uint32_t{0};
            for (const int shift : {24, 16, 8, 0}) {
                bytes += static_cast<char>(bits >> shift);
            }
        }
        const std::string digits = sha256(bytes);
        std::string digest;
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            digest += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
        }
        whole.add(digest);
    }
    return whole.finish();
}

class EachNumberOfValues : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Hash,
                         EachNumberOfValues,
                         testing::Values(0, 1, 15, 16, 255, 256, 257, 5000, 100000));

TEST_P(EachNumberOfValues, GivesSha256OfTheStreamsSha256s) {
    const std::vector<float> values = some_values(GetParam());
    for (const int max_lanes : {4, 8, 16}) {
        EXPECT_EQ(hash_of(values, max_lanes), plain_hash(values)) << max_lanes;
    }
}

TEST(ValueHash, IsTheSameByParts) {
    const std::vector<float> values = some_values(1000);
    ValueHash hash;
    hash.add(std::span(values).first(256));
    hash.add(std::span(values).subspan(256, 512));
    hash.add(std::span(values).subspan(768));
    EXPECT_EQ(hash.finish(), hash_of(values));
}

TEST(ValueHash, SeesEveryBitAndWhereItIs) {
    std::vector<float> values = some_values(600);
    const std::string before = hash_of(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const float value = values[i];
        values[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ (1U << i % 32));
        EXPECT_NE(hash_of(values), before) << i;
        values[i] = value;
    }
    std::swap(values[3], values[19]);
    EXPECT_NE(hash_of(values), before);
    // What fills a block up counts as nothing.
    EXPECT_NE(hash_of(std::vector<float>(10)), hash_of(std::vector<float>(11)));
}

}  // namespace
}  // namespace faintweb::base
