// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/wcs_cards.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/wcs.h"
#include "test/lib/image/made_fits.h"

namespace faintweb::image {
namespace {

using Cards = std::vector<std::pair<std::string, std::string>>;

const Cards good = {{"NAXIS", "2"},      {"CTYPE1", "'RA---SIN'"}, {"CTYPE2", "'DEC--SIN'"},
                    {"CRPIX1", "101.0"}, {"CRPIX2", "51.0"},       {"CRVAL1", "150.0"},
                    {"CRVAL2", "30.0"},  {"CDELT1", "-0.002"},     {"CDELT2", "0.002"}};

/// The good cards, some of them with another value or, if it is empty, left out; new ones behind.
std::string header(const Cards& changes) {
    Cards cards = good;
    for (const auto& [key, value] : changes) {
        bool is_new = true;
        for (auto& [name, old] : cards) {
            if (name == key) {
                old = value;
                is_new = false;
            }
        }
        if (is_new) {
            cards.emplace_back(key, value);
        }
    }
    std::string text;
    for (const auto& [key, value] : cards) {
        text += value.empty() ? "" : card(key, value);
    }
    return text;
}

std::string refusal(const std::string& text) {
    try {
        const Wcs wcs(text);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return "";
}

void expect_same_as_good(const std::string& text) {
    const Wcs right(header({}));
    const Wcs wcs(text);
    for (const auto& [x, y] : {std::pair{0.0, 0.0}, {100.0, 50.0}, {37.0, 190.0}}) {
        EXPECT_NEAR(wcs.sky(x, y)->ra_deg, right.sky(x, y)->ra_deg, 1e-12);
        EXPECT_NEAR(wcs.sky(x, y)->dec_deg, right.sky(x, y)->dec_deg, 1e-12);
    }
}

TEST(WcsCards, EveryLegalSpellingOfANumberIsRead) {
    for (const char* const value : {"1.500000000000D+02", "1.5d2", "+150", "150.",
                                    "1500E-1 / [deg]", "  150.0/no blank", "'150.0   '"}) {
        expect_same_as_good(header({{"CRVAL1", value}}));
    }
    expect_same_as_good(header({{"CDELT1", "-2.0D-03"}, {"CDELT2", "2.0D-03"}}));
    expect_same_as_good(header({{"CRPIX1", "1.01D2"}, {"LONPOLE", "1.8D+02"}}));
    // Twice the same is no contradiction.
    expect_same_as_good(header({}) + card("CRVAL1", "1.5D+02"));
}

TEST(WcsCards, AnUnusableValueIsRefusedWithItsCard) {
    for (const char* const key :
         {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CDELT1", "CDELT2", "CROTA2", "LONPOLE",
          "LATPOLE", "PV2_1", "PC1_1", "PC2_1", "CD1_2", "EQUINOX"}) {
        for (const char* const value :
             {"NaN", "-nan", "Inf", "1E999", "'abc     '", "T", "1.5E", "1.5E+", "1.5D+0x", "1.5 2",
              "150,0", "150.0deg", "0x10", "'150.0", "/ nothing", " "}) {
            const std::string message = refusal(header({{key, value}}));
            EXPECT_NE(message.find(key), std::string::npos)
                << key << " = " << value << ": " << message;
        }
    }
}

TEST(WcsCards, WhatIsMissingOrStandsTwiceIsRefusedWithItsCard) {
    for (const char* const key : {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CDELT1", "CDELT2"}) {
        EXPECT_EQ(refusal(header({{key, ""}})),
                  std::string(key) + " is missing (no sky positions)");
        const std::string twice = refusal(header({}) + card(key, "0.5"));
        EXPECT_EQ(twice.find(std::string(key) + " stands twice"), 0U) << twice;
    }
    EXPECT_NE(refusal(header({}) + card("CTYPE2", "'DEC--TAN'")).find("CTYPE2 stands twice"),
              std::string::npos);
}

TEST(WcsCards, PixelsWithoutASizeAreRefused) {
    EXPECT_NE(refusal(header({{"CDELT1", "0.0"}})).find("CDELT1 = 0.0"), std::string::npos);
    EXPECT_NE(refusal(header({{"CD1_1", "0.0"}, {"CD2_2", "0.0"}})).find("CD1_1"),
              std::string::npos);
    const Cards singular = {
        {"CD1_1", "0.002"}, {"CD1_2", "0.004"}, {"CD2_1", "0.001"}, {"CD2_2", "0.002"}};
    EXPECT_NE(refusal(header(singular)).find("CD1_1 .. CD2_2"), std::string::npos);
    EXPECT_NE(refusal(header({{"PC1_1", "0.0"}})).find("PC1_1"), std::string::npos);
    // Two matrices, of which FITS allows one.
    EXPECT_NE(refusal(header({{"PC1_1", "1.0"}, {"CD1_1", "-0.003"}, {"CD2_2", "0.003"}}))
                  .find("different pixels"),
              std::string::npos);
    expect_same_as_good(header({{"PC1_1", "1.0"}, {"CD1_1", "-0.002"}, {"CD2_2", "0.002"}}));
    // CDELTn means nothing beside CDi_j.
    expect_same_as_good(
        header({{"CDELT1", "0.0"}, {"CDELT2", "NaN"}, {"CD1_1", "-0.002"}, {"CD2_2", "0.002"}}));
}

TEST(WcsCards, FramesAndUnitsThatAreNotKnownAreRefused) {
    EXPECT_NE(refusal(header({{"RADESYS", "'GAPPT   '"}})).find("RADESYS = GAPPT"),
              std::string::npos);
    EXPECT_NE(refusal(header({{"RADESYS", "'FK4"}})).find("RADESYS"), std::string::npos);
    EXPECT_NE(refusal(header({{"EQUINOX", "20.0"}})).find("EQUINOX"), std::string::npos);
    EXPECT_NE(refusal(header({{"CUNIT1", "'rubbish '"}})).find("CUNIT1 = rubbish"),
              std::string::npos);
    EXPECT_NE(refusal(header({{"CUNIT2", "'Hz'"}})).find("CUNIT2"), std::string::npos);
    EXPECT_NE(refusal(header({{"CRVAL2", "91.0"}})).find("CRVAL2"), std::string::npos);
    EXPECT_NE(refusal(header({{"CRVAL1", "1.5D+20"}})).find("CRVAL1"), std::string::npos);
    EXPECT_NE(refusal(header({{"CTYPE1", "'RA---XXX'"}})).find("CTYPE1"), std::string::npos);
    EXPECT_NE(refusal(header({{"PC1_3", "0.1"}})).find("PC1_3"), std::string::npos);
    EXPECT_NE(refusal(header({{"CPDIS1", "'LOOKUP'"}})).find("CPDIS1"), std::string::npos);
    for (const char* const system : {"'icrs'", "'FK5'", "'J2000'"}) {
        expect_same_as_good(header({{"RADESYS", system}, {"EQUINOX", "2000.0"}}));
    }
    expect_same_as_good(header({{"EQUINOX", "'J2000'"}, {"EPOCH", "NaN"}}));
    expect_same_as_good(header({{"EPOCH", "0.0"}}));
    const Cards arcsec = {{"CUNIT1", "'arcsec'"}, {"CUNIT2", "'arcsec'"}, {"CRVAL1", "540000.0"},
                          {"CRVAL2", "108000.0"}, {"CDELT1", "-7.2"},     {"CDELT2", "7.2"}};
    expect_same_as_good(header(arcsec));
}

TEST(WcsCards, OtherAxesAndDescriptionsRefuseNothing) {
    expect_same_as_good(header({{"NAXIS", "4"},
                                {"CTYPE3", "'FREQ'"},
                                {"CRVAL3", "NaN"},
                                {"CDELT3", "0.0"},
                                {"CUNIT3", "'rubbish'"},
                                {"CRPIX3", "'open"},
                                {"CTYPE4", "'STOKES'"},
                                {"CRVAL4", "Inf"},
                                {"PC3_3", "NaN"},
                                {"PC1_3", "0.0"},
                                {"CTYPE1A", "'LINEAR'"},
                                {"CRVAL1A", "NaN"},
                                {"CD1_1A", "rubbish"},
                                {"RESTFRQ", "NaN"},
                                {"OBSGEO-X", "NaN"},
                                {"MJD-OBS", "rubbish"},
                                {"WCSAXES", "rubbish"},
                                {"CROTA1", "NaN"}}));
}

TEST(WcsCards, TheSkyMayBeOnOtherAxes) {
    const std::string moved = card("CTYPE3", "'RA---SIN'") + card("CTYPE4", "'DEC--SIN'") +
                              card("CRPIX3", "101.0") + card("CRPIX4", "51.0") +
                              card("CRVAL3", "150.0") + card("CRVAL4", "30.0") +
                              card("CD3_3", "-0.002") + card("CD004004", "0.002") +
                              card("CRVAL1", "NaN") + card("CD1_1", "NaN");
    expect_same_as_good(moved);
    EXPECT_NE(refusal(moved + card("A_ORDER", "2")).find("A_ORDER"), std::string::npos);
}

}  // namespace
}  // namespace faintweb::image
