// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/fits_map.h"
#include "lib/image/fits_write.h"
#include "lib/image/wcs.h"
#include "test/lib/image/refused_map.h"

namespace faintweb::image {
namespace {

TEST(FitsMap, MissingFactsAreNamedWithTheOptionThatGivesThem) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const std::vector<std::pair<std::string, std::string>> beam = {{"BMAJ", "0.01"},
                                                                   {"BMIN", "0.008"}};
    write_bytes(path, small_map(with(beam, {{"BUNIT", "'Jy/beam'"}})));
    expect_refusal_with(path, "CTYPE1", {});
    expect_refusal_with(path, "--pixel", {});
    write_bytes(path, small_map(with(sky_cards, beam)));
    expect_refusal_with(path, "BUNIT is missing", {});
    expect_refusal_with(path, "--unit", {});
    write_bytes(path, small_map(with(sky_cards, with(beam, {{"BUNIT", "'KELVIN'"}}))));
    expect_refusal_with(path, "BUNIT = 'KELVIN'", {});
    write_bytes(path, small_map(with(sky_cards, with(beam, {{"BUNIT", "'MJY/BEAM'"}}))));
    expect_refusal_with(path, "BUNIT = 'MJY/BEAM'", {});
    const auto with_unit = with(sky_cards, {{"BUNIT", "'JY/BEAM'"}});
    write_bytes(path, small_map(with_unit));
    expect_refusal_with(path, "--beam", {});
    for (const char* const bad : {"0.0", "-0.01", "'abc'", "45.0", "1E-7", "NaN", "1E999"}) {
        write_bytes(path, small_map(with(with_unit, {{"BMAJ", bad}, {"BMIN", bad}})));
        expect_refusal_with(path, "BMAJ", {});
        expect_refusal_with(path, "--beam", {});
        // What the user says stands in.
        EXPECT_EQ(FitsMap::open(path, {.beam = Beam{30, 20, 0}}).info().beam, (Beam{30, 20, 0}))
            << bad;
    }
    write_bytes(path, small_map(with(with_unit, {{"BMAJ", "0.01"}})));
    expect_refusal_with(path, "BMIN", {});
    expect_refusal_with(path, "--beam", {.beam = Beam{0, 0, 0}});
    expect_refusal_with(path, "--pixel", {.beam = Beam{9, 9, 0}, .pixel_arcsec = -1});
}

TEST(FitsMap, MissingFactsBelongInTheHeaderWhereThereAreNoOptions) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const auto message_of = [&](const std::vector<std::pair<std::string, std::string>>& cards) {
        write_bytes(path, small_map(cards));
        try {
            FitsMap::open(path, {.only_header = true});
        } catch (const base::InputError& error) {
            EXPECT_EQ(std::string(error.what()).find("--"), std::string::npos) << error.what();
            return std::string(error.what());
        }
        return std::string("no error");
    };
    const std::string advice = ", write it into the header";
    const auto with_unit = with(sky_cards, {{"BUNIT", "'JY/BEAM'"}});
    EXPECT_TRUE(message_of(with(sky_cards, {{"BMAJ", "0.01"}, {"BMIN", "0.01"}}))
                    .ends_with("(no unit of brightness)" + advice));
    EXPECT_TRUE(message_of({}).ends_with(
        "CTYPE1 and CTYPE2 are missing (no sky positions); BUNIT is missing (no unit of "
        "brightness); BMAJ, BMIN are missing and neither a BEAMS table nor AIPS HISTORY holds a "
        "beam, write them into the header"));
    EXPECT_TRUE(message_of(with_unit).ends_with("holds a beam" + advice));
    EXPECT_TRUE(message_of(with(with_unit, {{"BMAJ", "0.01"}}))
                    .ends_with("BMIN is missing (no width of a beam)" + advice));
    EXPECT_TRUE(message_of(with(with_unit, {{"BMAJ", "45.0"}, {"BMIN", "45.0"}}))
                    .ends_with("(wrong unit? it must be in degrees)" + advice));
    EXPECT_TRUE(message_of({{"BUNIT", "'JY/ARCSEC2'"}}).ends_with("(no sky positions)" + advice));
}

const Cards beam_cards = {{"BMAJ", "'1.0D-02'"}, {"BMIN", "'0.01    '"}};
constexpr double beam_arcsec = 36;

TEST(FitsMap, OneRefusalNamesAllThatIsMissingAndTheOptionsThatSupplyIt) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    write_bytes(path, small_map());
    const std::string message = refusal(path, {});
    EXPECT_NE(message.find(", give --pixel ARCSEC --unit UNIT --beam MAJ[,MIN,PA] ("),
              std::string::npos)
        << message;
    for (const char* const word : {"CTYPE1", "BUNIT is missing", "BMAJ"}) {
        EXPECT_NE(message.find(word), std::string::npos) << message;
    }
    EXPECT_NO_THROW(FitsMap::open(path, all_given));
    // A model will ask for the beam, whatever the unit.
    write_bytes(path, small_map({{"BUNIT", "'MJy/sr'"}}));
    expect_refusal_with(path, "--beam", {});
    write_bytes(path, small_map(with(sky_cards, {{"BUNIT", "'MJy/sr'"}})));
    EXPECT_EQ(FitsMap::open(path).info().beam, std::nullopt);
}

TEST(FitsMap, UnitsAreConvertedExactly) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const double per_beam = 1 / beam_area_arcsec2({beam_arcsec, beam_arcsec, 0});
    const struct {
        const char* bunit;
        PixelUnit unit;
        double jy_arcsec2;
    } table[] = {{"JY/BEAM ", PixelUnit::jy_beam, per_beam},
                 {"beam-1 Jy", PixelUnit::jy_beam, per_beam},
                 {"microJy/beam", PixelUnit::jy_beam, 1e-6 * per_beam},
                 {"nJy/beam", PixelUnit::jy_beam, 1e-9 * per_beam},
                 {"JY/ARCSEC^2", PixelUnit::jy_arcsec2, 1},
                 {"MJy/sr", PixelUnit::jy_arcsec2, 2.3504430539097887e-05},
                 {"mK", PixelUnit::kelvin, 1.4153950664822878e-09}};
    for (const auto& row : table) {
        Cards cards = with(with(sky_cards, beam_cards), {{"RESTFRQ", "1.4D9"}});
        cards.emplace_back("BUNIT", std::string("'") + row.bunit + "'");
        write_bytes(path, small_map(cards));
        const MapInfo info = FitsMap::open(path).info();
        EXPECT_EQ(info.unit, row.unit) << row.bunit;
        EXPECT_NEAR(info.jy_arcsec2_per_unit / row.jy_arcsec2, 1, 1e-12) << row.bunit;
        EXPECT_TRUE(info.notes.empty()) << row.bunit;
    }
    // A sign of micro that is no ASCII must not vanish.
    write_bytes(path,
                small_map(with(with(sky_cards, beam_cards), {{"BUNIT", "'\xc2\xb5Jy/beam'"}})));
    expect_refusal_with(path, "BUNIT = '??Jy/beam'", {});
    write_bytes(path, small_map(with(with(sky_cards, beam_cards),
                                     {{"BUNIT", "'Jy/beam'"}, {"BUNIT", "'mJy/beam'"}})));
    expect_refusal_with(path, "BUNIT stands twice", {});
}

TEST(FitsMap, BrightnessTemperatureNeedsAFrequency) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const Cards kelvin = with(with(sky_cards, beam_cards), {{"BUNIT", "'K'"}});
    write_bytes(path, small_map(kelvin));
    expect_refusal_with(path, "write RESTFRQ into it", {});
    const Cards axis = {{"CTYPE3", "'FREQ'"}, {"CRPIX3", "1.0"}, {"CDELT3", "1.0"}};
    const auto frequency_hz = [&](const Cards& more) {
        write_bytes(path, small_map(with(kelvin, more)));
        try {
            return FitsMap::open(path).info().frequency_hz;
        } catch (const base::InputError&) {
            return 0.0;
        }
    };
    EXPECT_EQ(frequency_hz(with(axis, {{"CRVAL3", "1.4E9"}})), 1.4e9);
    EXPECT_EQ(frequency_hz(with(axis, {{"CRVAL3", "1400.0"}, {"CUNIT3", "'MHZ'"}})), 1.4e9);
    EXPECT_EQ(frequency_hz(with(axis, {{"CRVAL3", "NaN"}, {"RESTFRQ", "1.5E9"}})), 1.5e9);
    EXPECT_EQ(frequency_hz({{"OBSFREQ", "1.5D9"}}), 1.5e9);
    // Not Hz, whatever it is.
    EXPECT_EQ(frequency_hz({{"FREQ", "1.4"}}), 0);
    EXPECT_EQ(frequency_hz(with(axis, {{"CRVAL3", "0.21"}, {"CUNIT3", "'m'"}})), 0);
}

TEST(FitsMap, OptionsFillWhatHeadersLackAndOverrideThemByForce) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    write_bytes(path, small_map(with(with(sky_cards, beam_cards), {{"BUNIT", "'mJy/beam'"}})));
    const MapInfo header = FitsMap::open(path).info();
    const MapInfo given = FitsMap::open(path, all_given).info();
    EXPECT_EQ(given.beam, header.beam);
    EXPECT_EQ(given.pixel_arcsec, header.pixel_arcsec);
    EXPECT_EQ(given.jy_arcsec2_per_unit, header.jy_arcsec2_per_unit);
    EXPECT_TRUE(given.has_wcs);
    // Once for each that was of no use.
    ASSERT_EQ(given.notes.size(), 3U);
    for (const char* const option : {"--force-beam", "--force-unit", "--force-pixel"}) {
        EXPECT_TRUE(std::ranges::any_of(given.notes, [&](const std::string& note) {
            return note.find(option) != std::string::npos;
        })) << option;
    }
    // What says the same needs no word.
    EXPECT_TRUE(FitsMap::open(path, {.beam = Beam{36, 36, 50},
                                     .unit = ScaledUnit{PixelUnit::jy_beam, 1e-3},
                                     .pixel_arcsec = 7.2})
                    .info()
                    .notes.empty());
    MapOptions forced = all_given;
    forced.force_beam = forced.force_unit = forced.force_pixel = true;
    const MapInfo own = FitsMap::open(path, forced).info();
    EXPECT_EQ(own.beam, all_given.beam);
    EXPECT_EQ(own.pixel_arcsec, 5);
    EXPECT_EQ(own.pixel_shape, square_pixel(5));
    EXPECT_NEAR(own.jy_arcsec2_per_unit, 1 / beam_area_arcsec2({20, 20, 0}), 1e-15);
    // Positions of other pixels would be made up.
    EXPECT_FALSE(own.has_wcs);
    EXPECT_EQ(own.notes.size(), 1U);
}

TEST(FitsMap, UnusablePositionsAreRefusedOrWithAPixelLeftOutWithAWord) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    for (auto [key, value] : Cards{{"CRVAL1", "NaN"}, {"CDELT2", "0.0"}, {"CRPIX1", "'x'"}}) {
        Cards cards = with(with(sky_cards, beam_cards), {{"BUNIT", "'Jy/beam'"}});
        for (auto& [name, old] : cards) {
            old = name == key ? value : old;
        }
        write_bytes(path, small_map(cards));
        expect_refusal_with(path, key, {});
        expect_refusal_with(path, "--pixel", {});
        const MapInfo info = FitsMap::open(path, {.pixel_arcsec = 7.5}).info();
        EXPECT_FALSE(info.has_wcs);
        EXPECT_EQ(info.pixel_shape, square_pixel(7.5));
        ASSERT_EQ(info.notes.size(), 1U);
        EXPECT_NE(info.notes[0].find(key), std::string::npos) << info.notes[0];
    }
}

TEST(FitsMap, PixelsThatAreNotSquareAreNoted) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    Cards cards = with(with(sky_cards, beam_cards), {{"BUNIT", "'Jy/beam'"}});
    for (auto& [name, value] : cards) {
        value = name == "CDELT1" ? "-0.004" : name == "CDELT2" ? "0.001" : value;
    }
    write_bytes(path, small_map(cards));
    const MapInfo info = FitsMap::open(path).info();
    EXPECT_NEAR(info.pixel_arcsec, 7.2, 1e-9);
    EXPECT_NEAR(info.pixel_shape.width_arcsec, 14.4, 1e-9);
    EXPECT_NEAR(info.pixel_shape.height_arcsec, 3.6, 1e-9);
    ASSERT_EQ(info.notes.size(), 1U);
    EXPECT_NE(info.notes[0].find("not square"), std::string::npos);
}

TEST(FitsMap, StoredCardsStayThoseOfTheFile) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    Cards cards = with(with(sky_cards, beam_cards), {{"BUNIT", "'Jy/beam'"}});
    for (auto& [name, value] : cards) {
        value = name == "CRVAL1" ? "1.0D+01" : value;
    }
    write_bytes(path, small_map(cards));
    const MapInfo info = FitsMap::open(path).info();
    EXPECT_NE(info.header_cards.find("CRVAL1  = 1.0D+01 "), std::string::npos);
    EXPECT_NEAR(Wcs(info.header_cards).sky(0, 0)->ra_deg, 10, 1e-12);
}

TEST(FitsMap, MapsOfAnyUnitAreTakenOnDemandAsTheyAre) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    MapOptions any;
    any.any_unit = true;
    write_bytes(path, small_map(sky_cards));
    EXPECT_THROW(FitsMap::open(path), base::InputError);
    EXPECT_EQ(FitsMap::open(path, any).info().other_unit, "");
    EXPECT_EQ(FitsMap::open(path, any).info().jy_arcsec2_per_unit, 1);
    write_bytes(path, small_map(with(sky_cards, {{"BUNIT", "'K'"}})));
    EXPECT_THROW(FitsMap::open(path), base::InputError);
    EXPECT_EQ(FitsMap::open(path, any).info().other_unit, "K");
    write_bytes(path, small_map(with(sky_cards, {{"BUNIT", "'mJy/arcsec2'"}})));
    EXPECT_EQ(FitsMap::open(path, any).info().other_unit, std::nullopt);
    EXPECT_EQ(FitsMap::open(path, any).info().jy_arcsec2_per_unit, 1e-3);
}

TEST(FitsMap, LastCleanBeamOfAipsHistoryCounts) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    std::string bytes = small_map(
        with(sky_cards, {{"BUNIT", "'JY/BEAM'"}, {"AAA", "1"}, {"BBB", "1"}, {"CCC", "1"}}));
    const auto put = [&](const char* old_key, std::string line) {
        line.resize(80, ' ');
        bytes.replace(bytes.find(old_key), 80, line);
    };
    put("AAA", "HISTORY AIPS   CLEAN BMAJ=  2.0000E-02 BMIN=  1.0000E-02 BPA=  10.00");
    put("BBB", "HISTORY AIPS   CLEAN BMAJ=  1.2500E-02 BMIN=  1.0000E-02 BPA= -20.50");
    put("CCC", "HISTORY PUTHEAD BMAJ     =  9.00000E+00      / new");
    write_bytes(path, bytes);
    const Beam beam = FitsMap::open(path).info().beam.value();
    EXPECT_NEAR(beam.major_arcsec, 45, 1e-9);
    EXPECT_NEAR(beam.minor_arcsec, 36, 1e-9);
    EXPECT_NEAR(beam.angle_deg, -20.5, 1e-9);
}

TEST(FitsMap, SwappedAndMisplacedAxesAreRefused) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    write_bytes(path, small_map({{"CTYPE1", "'DEC--SIN'"}, {"CTYPE2", "'RA---SIN'"}}));
    expect_refusal_with(path, "CTYPE1 is a latitude");
    const std::string data(4 * 2 * 3 * 4, '\0');
    auto cards = with(primary_cards(-32, {"2", "3", "4", "1"}),
                      {{"CTYPE3", "'RA---SIN'"}, {"CTYPE4", "'DEC--SIN'"}});
    write_bytes(path, raw_fits(cards, data));
    expect_refusal_with(path, "axes 3 and 4");
    cards = primary_cards(-32, {"2", "3", "4"});
    write_bytes(path, raw_fits(cards, data));
    expect_refusal_with(path, "NAXIS3 = 4");
    // On axes 3 and 4 with nothing else, the sky is as good as on 1 and 2.
    cards = with(primary_cards(-32, {"1", "1", "4", "6"}),
                 {{"CTYPE3", "'RA---SIN'"}, {"CTYPE4", "'DEC--SIN'"}});
    write_bytes(path, raw_fits(cards, data));
    const FitsMap map = FitsMap::open(path, all_given);
    EXPECT_EQ(map.info().cols, 4);
    EXPECT_EQ(map.info().rows, 6);
    EXPECT_EQ(map.read({1, 1, 2, 2}).pixels.size(), 4U);
}

}  // namespace
}  // namespace faintweb::image
