// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/beams_table.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/fits_map.h"
#include "test/lib/image/made_fits.h"
#include "test/lib/image/refused_map.h"

namespace faintweb::image {
namespace {

std::string big_endian(std::uint64_t bits, int n_bytes) {
    std::string bytes;
    for (int i = n_bytes - 1; i >= 0; --i) {
        bytes += static_cast<char>(bits >> (8 * i) & 0xffU);
    }
    return bytes;
}

std::string float_bytes(float value) {
    return big_endian(std::bit_cast<std::uint32_t>(value), 4);
}

/// A row as CASA writes it: BMAJ, BMIN, BPA, CHAN, POL.
std::string row(
    float major, float minor, float angle, std::uint64_t channel, std::uint64_t stokes) {
    return float_bytes(major) + float_bytes(minor) + float_bytes(angle) + big_endian(channel, 4) +
           big_endian(stokes, 4);
}

Cards casa_cards(int n_rows) {
    return {{"XTENSION", "'BINTABLE'"},
            {"BITPIX", "8"},
            {"NAXIS", "2"},
            {"NAXIS1", "20"},
            {"NAXIS2", std::to_string(n_rows)},
            {"PCOUNT", "0"},
            {"GCOUNT", "1"},
            {"TFIELDS", "5"},
            {"TTYPE1", "'BMAJ    '"},
            {"TFORM1", "'1E      '"},
            {"TUNIT1", "'arcsec  '"},
            {"TTYPE2", "'BMIN    '"},
            {"TFORM2", "'1E      '"},
            {"TUNIT2", "'arcsec  '"},
            {"TTYPE3", "'BPA     '"},
            {"TFORM3", "'1E      '"},
            {"TUNIT3", "'deg     '"},
            {"TTYPE4", "'CHAN    '"},
            {"TFORM4", "'1J      '"},
            {"TTYPE5", "'POL     '"},
            {"TFORM5", "'1J      '"},
            {"EXTNAME", "'BEAMS   '"}};
}

Cards changed(Cards cards, const Cards& changes) {
    for (const auto& [key, value] : changes) {
        bool is_new = true;
        for (auto& [name, old] : cards) {
            is_new = is_new && name != key;
            old = name == key ? value : old;
        }
        if (is_new) {
            cards.emplace_back(key, value);
        }
    }
    return cards;
}

class BeamsTable : public testing::Test {
  protected:
    /// A map of one plane with a table of beams behind it.
    FitsMap open(const Cards& table, const std::string& rows, const MapOptions& options = {}) {
        const Cards cards = with(with(primary_cards(-32, {"3", "2", "1", "1"}), sky_cards),
                                 {{"BUNIT", "'Jy/beam'"}, {"CASAMBM", "T"}});
        write_bytes(folder_ / "m.fits",
                    raw_fits(cards, std::string(24, '\0')) + raw_fits(table, rows));
        return FitsMap::open(folder_ / "m.fits", options);
    }

    void expect_refusal(const Cards& table, const std::string& rows, const std::string& word) {
        try {
            open(table, rows);
            ADD_FAILURE() << "read without " << word;
        } catch (const base::InputError& error) {
            const std::string message = error.what();
            EXPECT_NE(message.find(word), std::string::npos) << message;
            EXPECT_NE(message.find("the BEAMS table"), std::string::npos) << message;
            EXPECT_NE(message.find("--beam"), std::string::npos) << message;
        }
        EXPECT_NO_THROW(open(table, rows, {.beam = Beam{30, 20, 0}})) << word;
    }

    TestFolder folder_;
};

TEST_F(BeamsTable, GivesTheBeamOfThePlane) {
    const FitsMap map = open(casa_cards(1), row(45, 36, 20, 0, 0));
    EXPECT_EQ(map.info().beam, (Beam{45, 36, 20}));
    EXPECT_TRUE(map.info().notes.empty());
    EXPECT_NEAR(map.info().jy_arcsec2_per_unit, 1 / beam_area_arcsec2({45, 36, 20}), 1e-15);
    // The only row is the only plane's, whatever its number was in a cube.
    EXPECT_EQ(open(casa_cards(1), row(45, 36, 20, 7, 2)).info().beam, (Beam{45, 36, 20}));
}

TEST_F(BeamsTable, OfSeveralPlanesTheFirstCountsAndTheOthersAreNamed) {
    const std::string rows = row(60, 60, 0, 0, 1) + row(50, 50, 0, 1, 0) + row(45, 36, 20, 0, 0);
    const FitsMap map = open(casa_cards(3), rows);
    EXPECT_EQ(map.info().beam, (Beam{45, 36, 20}));
    ASSERT_EQ(map.info().notes.size(), 1U);
    EXPECT_NE(map.info().notes[0].find("several beams"), std::string::npos);
    // Equal beams are nothing to speak of.
    EXPECT_TRUE(
        open(casa_cards(2), row(45, 36, 20, 0, 0) + row(45, 36, 20, 1, 0)).info().notes.empty());
}

TEST_F(BeamsTable, UnitsAndTypesAreRead) {
    const Cards degrees =
        changed(casa_cards(1), {{"TUNIT1", "'deg'"}, {"TUNIT2", "'DEG'"}, {"TUNIT3", "'rad'"}});
    const Beam beam = open(degrees, row(0.0125F, 0.01F, 0.5F, 0, 0)).info().beam.value();
    EXPECT_NEAR(beam.major_arcsec, 45, 1e-5);
    EXPECT_NEAR(beam.minor_arcsec, 36, 1e-5);
    EXPECT_NEAR(beam.angle_deg, 0.5 * 57.29577951, 1e-6);
    // Columns before them, in other widths.
    const Cards wide = changed(casa_cards(1), {{"NAXIS1", "37"},
                                               {"TTYPE1", "'NAME'"},
                                               {"TFORM1", "'10A'"},
                                               {"TTYPE2", "'BMIN'"},
                                               {"TFORM2", "'D'"},
                                               {"TTYPE3", "'BMAJ'"},
                                               {"TFORM3", "'1K'"},
                                               {"TUNIT3", "'arcsec'"},
                                               {"TFIELDS", "4"},
                                               {"TTYPE4", "'FLAGS'"},
                                               {"TFORM4", "'83X'"}});
    const std::string bytes = std::string(10, 'x') +
                              big_endian(std::bit_cast<std::uint64_t>(36.5), 8) +
                              big_endian(45, 8) + std::string(11, '\0');
    EXPECT_EQ(open(wide, bytes).info().beam, (Beam{45, 36.5, 0}));
}

TEST_F(BeamsTable, HeadersBeamComesFirstAndTheUsersWhereTheTableIsOfNoUse) {
    const Cards table = casa_cards(1);
    EXPECT_EQ(open(table, row(45, 36, 20, 0, 0), {.beam = Beam{30, 30, 0}}).info().beam,
              (Beam{45, 36, 20}));
    EXPECT_EQ(open(table, row(0, 0, 0, 0, 0), {.beam = Beam{30, 30, 0}}).info().beam,
              (Beam{30, 30, 0}));
    EXPECT_EQ(open(table, row(45, 36, 20, 0, 0), {.beam = Beam{30, 30, 0}, .force_beam = true})
                  .info()
                  .beam,
              (Beam{30, 30, 0}));
}

TEST_F(BeamsTable, HostileTablesAreRefused) {
    const std::string good = row(45, 36, 20, 0, 0);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    expect_refusal(casa_cards(1), row(0, 0, 0, 0, 0), "no beam");
    expect_refusal(casa_cards(1), row(nan, 36, 20, 0, 0), "no beam");
    expect_refusal(casa_cards(1), row(45, -36, 20, 0, 0), "no beam");
    expect_refusal(casa_cards(1), row(45, 36, nan, 0, 0), "no beam");
    expect_refusal(casa_cards(1), row(1e9F, 36, 0, 0, 0), "wrong unit");
    expect_refusal(casa_cards(0), "", "0 rows");
    expect_refusal(casa_cards(2), row(45, 36, 20, 1, 0) + row(45, 36, 20, 2, 0),
                   "no row for CHAN 0");
    expect_refusal(casa_cards(2), good + row(40, 36, 20, 0, 0), "several beams for one plane");
    const auto bad = [&](const Cards& changes, const std::string& word) {
        expect_refusal(changed(casa_cards(1), changes), good, word);
    };
    bad({{"TTYPE1", "'MAJOR'"}}, "no column BMAJ");
    bad({{"TUNIT1", "'Jy'"}}, "unit 'Jy'");
    bad({{"TUNIT2", "' '"}}, "unit ''");
    bad({{"TFORM1", "'4A'"}}, "BMAJ that is no plain number");
    bad({{"TFORM1", "'1PE(4)'"}, {"NAXIS1", "24"}}, "BMAJ that is no plain number");
    bad({{"TSCAL1", "2.0"}}, "BMAJ that is no plain number");
    bad({{"TFORM1", "'99999999999999999999E'"}}, "unknown kind");
    bad({{"TFORM1", "'-1E'"}}, "unknown kind");
    bad({{"TFORM1", "'1Z'"}}, "unknown kind");
    bad({{"TFORM2", "'2E'"}}, "columns of");
    bad({{"TFIELDS", "4"}}, "columns of");
    bad({{"TFIELDS", "0"}}, "TFIELDS");
    bad({{"TFIELDS", "999999999"}}, "TFIELDS");
}

TEST_F(BeamsTable, ATableThatIsNotInTheFileIsNone) {
    const Cards beyond = changed(casa_cards(1), {{"NAXIS2", "4000000000000000"}});
    try {
        open(beyond, row(45, 36, 20, 0, 0));
        ADD_FAILURE() << "read";
    } catch (const base::InputError& error) {
        EXPECT_NE(std::string(error.what()).find("BMAJ, BMIN are missing"), std::string::npos);
    }
}

}  // namespace
}  // namespace faintweb::image
