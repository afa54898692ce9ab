#include "lib/image/wcs.h"

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/fits_map.h"
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
        Wcs(cards("RA---SIN",
                  "DEC--SIN",
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
