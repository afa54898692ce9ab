#include "lib/sky/settings.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::sky {
namespace {

TEST(SkySettings, defaults_are_in_range) {
    EXPECT_NO_THROW(check(SkySettings{}));
}

TEST(SkySettings, a_bad_value_is_named_in_one_line) {
    SkySettings settings;
    settings.z_max = 0.03;
    try {
        check(settings);
        FAIL() << "accepted";
    } catch (const base::UsageError& error) {
        const std::string message = error.what();
        EXPECT_NE(message.find("z_max is 0.03"), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
}

TEST(SkySettings, not_a_number_is_refused) {
    SkySettings settings;
    settings.xi_e = std::nan("");
    EXPECT_THROW(check(settings), base::UsageError);
}

TEST(SkySettings, pixels_too_coarse_for_the_resolution_are_refused) {
    SkySettings settings;
    settings.pixel_arcsec = 25;
    EXPECT_THROW(check(settings), base::UsageError);
}

}  // namespace
}  // namespace faintweb::sky
