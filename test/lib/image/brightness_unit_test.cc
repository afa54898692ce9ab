// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/brightness_unit.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::image {
namespace {

TEST(ParseUnit, ReadsEverySpellingExactly) {
    constexpr double arcsec_per_rad = 180 * 3600 / M_PI;
    constexpr double per_sr = 1 / (arcsec_per_rad * arcsec_per_rad);
    const struct {
        const char* text;
        PixelUnit unit;
        double factor;
    } table[] = {{"Jy/beam", PixelUnit::jy_beam, 1},
                 {"JY/BEAM ", PixelUnit::jy_beam, 1},
                 {"Jy beam-1", PixelUnit::jy_beam, 1},
                 {"beam-1 Jy", PixelUnit::jy_beam, 1},
                 {"beam-1 mJy", PixelUnit::jy_beam, 1e-3},
                 {"Jy beam**(-1)", PixelUnit::jy_beam, 1},
                 {"jy beam^-1", PixelUnit::jy_beam, 1},
                 {"Jy.beam-1", PixelUnit::jy_beam, 1},
                 {"Jy*beam**-1", PixelUnit::jy_beam, 1},
                 {"Jy/(beam)", PixelUnit::jy_beam, 1},
                 {"Jy per beam", PixelUnit::jy_beam, 1},
                 {"JY PER BEAM", PixelUnit::jy_beam, 1},
                 {"Jansky/bm", PixelUnit::jy_beam, 1},
                 {"jy_beam", PixelUnit::jy_beam, 1},
                 {"mJy/beam", PixelUnit::jy_beam, 1e-3},
                 {"mJY/BEAM", PixelUnit::jy_beam, 1e-3},
                 {"uJy/beam", PixelUnit::jy_beam, 1e-6},
                 {"UJY/BEAM", PixelUnit::jy_beam, 1e-6},
                 {"microJy/beam", PixelUnit::jy_beam, 1e-6},
                 {"\xc2\xb5Jy/beam", PixelUnit::jy_beam, 1e-6},
                 {"nJy/beam", PixelUnit::jy_beam, 1e-9},
                 {"MJy/beam", PixelUnit::jy_beam, 1e6},
                 {"10**-3 Jy/beam", PixelUnit::jy_beam, 1e-3},
                 {"10**(-3) Jy beam-1", PixelUnit::jy_beam, 1e-3},
                 {"10-3 Jy/beam", PixelUnit::jy_beam, 1e-3},
                 {"10^-6*Jy/beam", PixelUnit::jy_beam, 1e-6},
                 {"1e-3 mJy/beam", PixelUnit::jy_beam, 1e-6},
                 {"0.5 Jy/beam", PixelUnit::jy_beam, 0.5},
                 {"Jy/arcsec2", PixelUnit::jy_arcsec2, 1},
                 {"JY/ARCSEC^2", PixelUnit::jy_arcsec2, 1},
                 {"arcsec-2 Jy", PixelUnit::jy_arcsec2, 1},
                 {"Jy/arcsec**2", PixelUnit::jy_arcsec2, 1},
                 {"Jy/arcsec/arcsec", PixelUnit::jy_arcsec2, 1},
                 {"Jy/sqarcsec", PixelUnit::jy_arcsec2, 1},
                 {"Jy/sq arcsec", PixelUnit::jy_arcsec2, 1},
                 {"jy_arcsec2", PixelUnit::jy_arcsec2, 1},
                 {"Jy/arcmin2", PixelUnit::jy_arcsec2, 1 / 3600.0},
                 {"mJy/deg2", PixelUnit::jy_arcsec2, 1e-3 / 3600 / 3600},
                 {"MJy/sr", PixelUnit::jy_arcsec2, 1e6 * per_sr},
                 {"MJy sr-1", PixelUnit::jy_arcsec2, 1e6 * per_sr},
                 {"sr-1 kJy", PixelUnit::jy_arcsec2, 1e3 * per_sr},
                 {"K", PixelUnit::kelvin, 1},
                 {"KELVIN", PixelUnit::kelvin, 1},
                 {"mK", PixelUnit::kelvin, 1e-3},
                 {"uK", PixelUnit::kelvin, 1e-6}};
    for (const auto& row : table) {
        ScaledUnit unit;
        ASSERT_NO_THROW(unit = parse_unit(row.text)) << row.text;
        EXPECT_EQ(unit.unit, row.unit) << row.text;
        EXPECT_NEAR(unit.factor / row.factor, 1, 1e-14) << row.text;
    }
}

TEST(ParseUnit, WhatMayMeanTwoThingsIsRefusedWithTheReason) {
    for (const char* const text : {"MJY/BEAM", "MJY/SR", "Mjy/beam", "MJANSKY/BEAM", "MK"}) {
        try {
            parse_unit(text);
            ADD_FAILURE() << text;
        } catch (const base::InputError& error) {
            EXPECT_EQ(std::string(error.what()), "M in capitals may mean milli or mega") << text;
        }
    }
}

TEST(ParseUnit, RefusesWhatIsNoBrightness) {
    for (const std::string text : {"",
                                   " ",
                                   "Jy",
                                   "beam",
                                   "Jy/beam-1",
                                   "Jy/pixel",
                                   "Jy/beam.km/s",
                                   "Jy/beam*m/s",
                                   "Jy/beam/beam",
                                   "Jy beam-1.5",
                                   "Jy2/beam",
                                   "K km/s",
                                   "K/beam",
                                   "k",
                                   "W.U.",
                                   "xJy/beam",
                                   "??Jy/beam",
                                   "sqrt(Jy)",
                                   "0 Jy/beam",
                                   "-1 Jy/beam",
                                   "nan Jy/beam",
                                   "10**999 Jy/beam",
                                   "10** Jy/beam",
                                   "Jy/",
                                   "Jy/(beam",
                                   "Jy/beam)",
                                   "Jy/beam and more"}) {
        EXPECT_THROW(parse_unit(text), base::InputError) << text;
    }
    EXPECT_THROW(parse_unit(std::string(1'000'000, '(')), base::InputError);
}

TEST(ParseUnit, ReadsTheNamesThatAreWritten) {
    for (const PixelUnit unit : {PixelUnit::jy_beam, PixelUnit::jy_arcsec2, PixelUnit::kelvin}) {
        EXPECT_EQ(parse_unit(unit_name(unit)), (ScaledUnit{unit, 1}));
    }
}

TEST(BrightnessTemperature, FollowsRayleighAndJeans) {
    // As astropy.units.brightness_temperature has it.
    EXPECT_NEAR(jy_arcsec2_per_kelvin(1.4e9) / 1.4153950664822878e-06, 1, 1e-12);
    EXPECT_NEAR(jy_arcsec2_per_kelvin(2.8e9) / jy_arcsec2_per_kelvin(1.4e9), 4, 1e-12);
}

}  // namespace
}  // namespace faintweb::image
