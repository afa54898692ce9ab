// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/digest.h"

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "test/lib/catalogue/example_field.h"

namespace faintweb::catalogue {
namespace {

struct Example {
    FieldResult field = make_field_result(ExampleField().classified());
    std::vector<MapRecord> maps{
        make_failed_map(MapId(0), "/data/map.fits", "cannot read /data/map.fits")};
    Provenance provenance{.campaign_text = "detect: {output: /tmp/x}",
                          .model_sha256 = std::string(64, 'b'),
                          .device = "cpu",
                          .precision = "fp32",
                          .settings = {{"threshold", "0.5"}, {"seed", "1"}},
                          .versions = {{"faintweb", "0.3.0"}},
                          .run = {{"host", "here"}, {"ranks", "4"}}};

    std::string digest() const { return catalogue_digest(maps, field_digest(field), provenance); }
};

TEST(Digest, DoesNotDependOnPlaceOrTime) {
    EXPECT_EQ(Example().digest().size(), 64U);
    Example other;
    other.maps[0].path = "/elsewhere/map.fits";
    other.maps[0].reason = "cannot read /elsewhere/map.fits";
    other.field.field.reason = "said otherwise";
    other.provenance.campaign_text = "detect: {output: /elsewhere}";
    other.provenance.run = {{"host", "there"}, {"ranks", "1"}};
    other.provenance.versions = {{"faintweb", "0.1.1"}};
    EXPECT_EQ(other.digest(), Example().digest());
}

TEST(Digest, DependsOnEverythingElse) {
    const std::string digest = Example().digest();
    Example other;
    other.field.tiles[0].flags ^= 1;
    EXPECT_NE(other.digest(), digest);
    other = Example();
    std::swap(other.field.tiles[0], other.field.tiles[1]);
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.field.scores[4] = 0.21F;
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.field.local_rms[4] = 0.21F;
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.field.field.status = 2;
    EXPECT_NE(other.digest(), digest);
    // The same bytes, but the last row's are scores.
    other = Example();
    std::array<float, sizeof(TileRecord) / sizeof(float)> row;
    std::memcpy(row.data(), &other.field.tiles.back(), sizeof(TileRecord));
    other.field.tiles.pop_back();
    other.field.scores.insert(other.field.scores.begin(), row.begin(), row.end());
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.maps[0].header_sha256 = "c";
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.provenance.device = "cuda";
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.provenance.model_sha256 = "";
    EXPECT_NE(other.digest(), digest);
    other = Example();
    other.provenance.settings[1].second = "2";
    EXPECT_NE(other.digest(), digest);
}

}  // namespace
}  // namespace faintweb::catalogue
