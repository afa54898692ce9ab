// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/wcs.h"

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/fits_cards.h"
#include "lib/image/fits_map.h"
#include "lib/image/right_ascension.h"
#include "lib/image/sky_frame.h"
#include "test/lib/image/made_fits.h"

namespace faintweb::image {
namespace {

/// Cards of a map around (ra, dec) = (30, 60) whose reference pixel is (0-based) (100, 50).
std::string cards(const std::string& ctype1,
                  const std::string& ctype2,
                  const std::vector<std::pair<std::string, std::string>>& more = {}) {
    std::string header;
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"NAXIS", "2"},
                                                          {"CTYPE1", "'" + ctype1 + "'"},
                                                          {"CTYPE2", "'" + ctype2 + "'"},
                                                          {"CRPIX1", "101.0"},
                                                          {"CRPIX2", "51.0"},
                                                          {"CRVAL1", "30.0"},
                                                          {"CRVAL2", "60.0"},
                                                          {"CDELT1", "-0.001"},
                                                          {"CDELT2", "0.001"}}) {
        header += card(key, value);
    }
    for (const auto& [key, value] : more) {
        header += card(key, value);
    }
    return header;
}

TEST(Wcs, ReferencePixelIsZeroBased) {
    const Wcs wcs(cards("RA---TAN", "DEC--TAN"));
    const SkyPosition sky = wcs.sky(100, 50).value();
    EXPECT_NEAR(sky.ra_deg, 30, 1e-12);
    EXPECT_NEAR(sky.dec_deg, 60, 1e-12);
    EXPECT_NEAR(wcs.pixel_scale_arcsec(), 3.6, 1e-12);
    // North is up and east is left.
    EXPECT_GT(wcs.sky(100, 51)->dec_deg, 60);
    EXPECT_GT(wcs.sky(99, 50)->ra_deg, 30);
    const auto pixel = wcs.pixel({30, 60}).value();
    EXPECT_NEAR(pixel.first, 100, 1e-9);
    EXPECT_NEAR(pixel.second, 50, 1e-9);
}

TEST(Wcs, GnomonicOffsetsFollowTheTangent) {
    const Wcs wcs(cards("RA---TAN", "DEC--TAN"));
    // Along the meridian the tangent projection is r = tan(distance).
    const double distance_deg = std::atan(1000 * 0.001 * M_PI / 180) * 180 / M_PI;
    EXPECT_NEAR(wcs.sky(100, 1050)->dec_deg, 60 + distance_deg, 1e-10);
    const Wcs sin(cards("RA---SIN", "DEC--SIN"));
    EXPECT_NEAR(sin.sky(100, 1050)->dec_deg, 60 + std::asin(M_PI / 180) * 180 / M_PI, 1e-10);
}

TEST(Wcs, RightAscensionsLieBelow360) {
    const auto around = [](const std::string& ctype1, const std::string& ctype2, double lon) {
        return Wcs(cards(ctype1, ctype2).replace(5 * 80, 80, card("CRVAL1", std::to_string(lon))));
    };
    for (const double centre : {-110.0, -0.01, 0.0, 359.95, 370.0, 720.0}) {
        for (const bool is_galactic : {false, true}) {
            const Wcs wcs = is_galactic ? around("GLON-TAN", "GLAT-TAN", centre)
                                        : around("RA---TAN", "DEC--TAN", centre);
            for (double x = -200; x <= 400; x += 0.5) {
                const SkyPosition sky = wcs.sky(x, 50).value();
                ASSERT_TRUE(sky.ra_deg >= 0 && sky.ra_deg < 360) << centre << ' ' << sky.ra_deg;
                const auto back = wcs.pixel(sky).value();
                ASSERT_NEAR(back.first, x, 1e-6);
            }
            if (!is_galactic) {
                EXPECT_NEAR(std::remainder(wcs.sky(100, 50)->ra_deg - centre, 360), 0, 1e-10);
            }
        }
        const Wcs blocks(around("RA---TAN", "DEC--TAN", centre).cards_of_blocks(0, 0, 10));
        EXPECT_TRUE(FitsCards(around("RA---TAN", "DEC--TAN", centre).cards_of_blocks(0, 0, 10))
                        .number("CRVAL1") >= 0);
        EXPECT_NEAR(blocks.sky(9.55, 4.55)->dec_deg, 60, 1e-9);
    }
}

TEST(RightAscension, NeverIs360) {
    EXPECT_EQ(wrapped_deg(360), 0);
    EXPECT_EQ(wrapped_deg(-1e-17), 0);
    EXPECT_FALSE(std::signbit(wrapped_deg(-0.0)));
    EXPECT_EQ(wrapped_deg(-90), 270);
    EXPECT_EQ(wrapped_deg(359.5), 359.5);
    EXPECT_EQ(ra_text(359.99999999999, 10), "0");
    EXPECT_EQ(ra_text(359.9, 10), "359.9");
    // The pole of a frame that sees everything at -1e-17.
    const SkyPosition sky = SkyFrame::galactic().to_icrs(122.93191813706228, 27.128251257939297);
    EXPECT_TRUE(sky.ra_deg >= 0 && sky.ra_deg < 360);
}

TEST(Wcs, PixelShapeHasBothEdgesAndTheSkew) {
    const auto shape = [](const std::vector<std::pair<std::string, std::string>>& more) {
        return Wcs(cards("RA---TAN", "DEC--TAN", more)).pixel_shape();
    };
    const PixelShape square = shape({});
    EXPECT_NEAR(square.width_arcsec, 3.6, 1e-12);
    EXPECT_NEAR(square.height_arcsec, 3.6, 1e-12);
    EXPECT_NEAR(square.skew_deg, 0, 1e-5);
    const PixelShape turned = shape({{"CROTA2", "30.0"}});
    EXPECT_NEAR(turned.width_arcsec, 3.6, 1e-12);
    EXPECT_NEAR(turned.skew_deg, 0, 1e-5);
    const PixelShape flat =
        shape({{"CD1_1", "-0.004"}, {"CD1_2", "0.0"}, {"CD2_1", "0.0"}, {"CD2_2", "0.001"}});
    EXPECT_NEAR(flat.width_arcsec, 14.4, 1e-11);
    EXPECT_NEAR(flat.height_arcsec, 3.6, 1e-12);
    const PixelShape skewed =
        shape({{"CD1_1", "-0.001"}, {"CD1_2", "0.001"}, {"CD2_1", "0.0"}, {"CD2_2", "0.001"}});
    EXPECT_NEAR(skewed.skew_deg, 45, 1e-9);
}

TEST(Wcs, NoSkyOutsideTheProjection) {
    const Wcs wcs(cards("RA---SIN", "DEC--SIN"));
    EXPECT_FALSE(wcs.sky(100 + 58'000, 50).has_value());
    EXPECT_FALSE(wcs.pixel({210, -60}).has_value());
}

TEST(Wcs, GalacticMapsGiveIcrs) {
    // The galactic centre and north pole in ICRS (Hipparcos Catalogue, vol. 1, 1.5.3).
    const Wcs centre(cards("GLON-SIN", "GLAT-SIN", {})
                         .replace(5 * 80, 80, card("CRVAL1", "0.0"))
                         .replace(6 * 80, 80, card("CRVAL2", "0.0")));
    const SkyPosition sky = centre.sky(100, 50).value();
    EXPECT_NEAR(sky.ra_deg, 266.40499, 2e-5);
    EXPECT_NEAR(sky.dec_deg, -28.93617, 2e-5);
    const auto back = centre.pixel(sky).value();
    EXPECT_NEAR(back.first, 100, 1e-6);
    EXPECT_NEAR(back.second, 50, 1e-6);
}

TEST(Wcs, RefusesWhatIsNoSky) {
    EXPECT_THROW(Wcs(""), base::InputError);
    EXPECT_THROW(Wcs(cards("Jy/beam", "")), base::InputError);
    EXPECT_THROW(Wcs(cards("RA", "DEC")), base::InputError);
    EXPECT_THROW(Wcs(cards("DEC--SIN", "RA---SIN")), base::InputError);
    EXPECT_THROW(Wcs(cards("RA---XXX", "DEC--XXX")), base::InputError);
    EXPECT_THROW(Wcs(cards("RA---SIN", "DEC--TAN")), base::InputError);
    EXPECT_THROW(Wcs(cards("ELON-SIN", "ELAT-SIN")), base::InputError);
    EXPECT_THROW(Wcs(cards("RA---SIN", "DEC--SIN", {{"CD1_1", "0.0"}, {"CD2_2", "0.0"}})),
                 base::InputError);
    EXPECT_THROW(Wcs(cards("RA---SIN", "DEC--SIN", {{"RADESYS", "'FK4'"}, {"EQUINOX", "1875.0"}})),
                 base::InputError);
    // Without its closing quote; wcslib alone would write past a buffer.
    for (const char* const open : {"'RA---TAN", "'RA---TAN''", "'"}) {
        EXPECT_THROW(Wcs(cards("RA---TAN", "DEC--TAN").replace(80, 80, card("CTYPE1", open))),
                     base::InputError);
    }
    // A frequency axis that makes no sense does not spoil the sky.
    EXPECT_NO_THROW(
        Wcs(cards("RA---SIN", "DEC--SIN",
                  {{"CTYPE3", "'FREQ-XYZ'"}, {"CDELT3", "0.0"}, {"CUNIT3", "'rubbish'"}})));
}

TEST(Wcs, ManyThreadsGetTheAnswersOfOne) {
    const std::string header =
        FitsMap::open(FAINTWEB_SOURCE_DIR "/test/data/nvss-toothbrush.fits").info().header_cards;
    const Wcs shared(header);
    std::vector<SkyPosition> expected;
    for (int i = 0; i < 400; ++i) {
        expected.push_back(shared.sky(i, 400 - i).value());
    }
    std::vector<int> n_wrong(4, 0);
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < n_wrong.size(); ++t) {
            threads.emplace_back([&, t] {
                const Wcs own(header);
                for (int i = 0; i < 400; ++i) {
                    const auto& wcs = i % 2 == 0 ? own : shared;
                    const SkyPosition sky = wcs.sky(i, 400 - i).value();
                    const SkyPosition& right = expected[static_cast<std::size_t>(i)];
                    n_wrong[t] += sky.ra_deg != right.ra_deg || sky.dec_deg != right.dec_deg;
                }
            });
        }
    }
    EXPECT_EQ(n_wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace faintweb::image
