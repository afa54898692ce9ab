// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/sky_ticks.h"

#include <cmath>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace faintweb::report {
namespace {

/// A header of 1000 x 1000 pixels of 9.6", tangential, around a position.
image::Wcs wcs_around(double ra_deg, double dec_deg) {
    std::string cards;
    const auto add = [&](const std::string& key, const std::string& value) {
        std::string card = key;
        card.resize(8, ' ');
        card += "= " + value;
        card.resize(80, ' ');
        cards += card;
    };
    cards += std::string("SIMPLE  =                    T").append(50, ' ');
    add("BITPIX", "-32");
    add("NAXIS", "2");
    add("NAXIS1", "1000");
    add("NAXIS2", "1000");
    add("CTYPE1", "'RA---TAN'");
    add("CTYPE2", "'DEC--TAN'");
    add("CRVAL1", fmt::format("{:g}", ra_deg));
    add("CRVAL2", fmt::format("{:g}", dec_deg));
    add("CRPIX1", "500.5");
    add("CRPIX2", "500.5");
    add("CDELT1", "-0.0026666666666667");
    add("CDELT2", "0.0026666666666667");
    std::string end = "END";
    end.resize(80, ' ');
    return image::Wcs(cards + end);
}

TEST(sky_ticks, pixel_ticks_are_round_and_inside) {
    const auto ticks = pixel_ticks(1999.5, 3999.5, 5);
    ASSERT_EQ(ticks.size(), 4U);
    EXPECT_EQ(ticks[0].label, "2000");
    EXPECT_EQ(ticks[3].label, "3500");
    EXPECT_EQ(ticks[3].place_px, 3500);
    ASSERT_FALSE(pixel_ticks(-0.5, 0.5, 5).empty());
    EXPECT_EQ(pixel_ticks(-0.5, 0.5, 5)[0].place_px, 0);
}

TEST(sky_ticks, right_ascensions_lie_where_they_say_also_through_0_h) {
    const image::Wcs wcs = wcs_around(0.0, 30.0);
    const auto ticks = ra_ticks(wcs, 0, -0.5, 999.5, 6);
    ASSERT_GE(ticks.size(), 3U);
    ASSERT_LE(ticks.size(), 7U);
    bool has_0h = false;
    for (const AxisTick& tick : ticks) {
        const double ra_deg = wcs.sky(tick.place_px, 0)->ra_deg;
        const int hours = std::stoi(tick.label.substr(0, 2));
        const int minutes = tick.label.size() > 3 ? std::stoi(tick.label.substr(3, 2)) : 0;
        const double labelled_deg = 15.0 * hours + 0.25 * minutes;
        EXPECT_NEAR(std::remainder(ra_deg - labelled_deg, 360), 0, 1e-4) << tick.label;
        has_0h = has_0h || labelled_deg == 0;
    }
    EXPECT_TRUE(has_0h);
}

TEST(sky_ticks, declinations_lie_where_they_say_also_below_zero) {
    const image::Wcs wcs = wcs_around(150.0, -0.4);
    const auto ticks = dec_ticks(wcs, 0, -0.5, 999.5, 6);
    ASSERT_GE(ticks.size(), 3U);
    bool has_negative = false;
    for (const AxisTick& tick : ticks) {
        const double dec_deg = wcs.sky(0, tick.place_px)->dec_deg;
        // "+00°30'": the degree sign is two bytes.
        const double size = std::stoi(tick.label.substr(1, 2)) +
                            (tick.label.size() > 5 ? std::stoi(tick.label.substr(5, 2)) / 60.0 : 0);
        EXPECT_NEAR(dec_deg, tick.label[0] == '-' ? -size : size, 1e-4) << tick.label;
        has_negative = has_negative || tick.label[0] == '-';
    }
    EXPECT_TRUE(has_negative);
}

TEST(sky_ticks, at_the_pole_neither_hang_nor_overflow) {
    const image::Wcs wcs = wcs_around(10.0, 90.0);
    EXPECT_LE(ra_ticks(wcs, 499, -0.5, 999.5, 6).size(), 60U);
    EXPECT_LE(dec_ticks(wcs, 499, -0.5, 999.5, 6).size(), 60U);
}

}  // namespace
}  // namespace faintweb::report
