// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/image/fits_map.h"
#include "test/lib/image/made_fits.h"

namespace faintweb::image {

inline const MapOptions all_given = {
    .beam = Beam{20, 20, 0}, .unit = ScaledUnit{PixelUnit::jy_beam, 1}, .pixel_arcsec = 5};

inline const std::string test_data = FAINTWEB_SOURCE_DIR "/test/data/";

/// The message with which a map is refused; fails the test if it is read or the message is no line.
inline std::string refusal(const std::string& path, const MapOptions& options = all_given) {
    try {
        const FitsMap map = FitsMap::open(path, options);
        map.read({0, 0, map.info().cols, map.info().rows});
    } catch (const base::InputError& error) {
        const std::string message = error.what();
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        EXPECT_GT(message.size(), 20U) << message;
        return message;
    }
    ADD_FAILURE() << path << " was read";
    return "";
}

inline void expect_refusal_with(const std::string& path,
                                const std::string& word,
                                const MapOptions& options = all_given) {
    const std::string message = refusal(path, options);
    EXPECT_NE(message.find(word), std::string::npos) << "no '" << word << "' in: " << message;
}

/// A 3 x 2 map of floats 0 .. 5 whose header lacks what `drop` names.
inline std::string small_map(const std::vector<std::pair<std::string, std::string>>& more = {}) {
    auto cards = primary_cards(-32, {"3", "2"});
    cards.insert(cards.end(), more.begin(), more.end());
    std::string data;
    for (int i = 0; i < 6; ++i) {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(i));
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            data += static_cast<char>(bits >> shift & 0xffU);
        }
    }
    return raw_fits(cards, data);
}

using Cards = std::vector<std::pair<std::string, std::string>>;

inline const Cards sky_cards = {
    {"CTYPE1", "'RA---SIN'"}, {"CTYPE2", "'DEC--SIN'"}, {"CRVAL1", "10.0"},   {"CRVAL2", "20.0"},
    {"CRPIX1", "1.0"},        {"CRPIX2", "1.0"},        {"CDELT1", "-0.002"}, {"CDELT2", "0.002"}};

inline std::vector<std::pair<std::string, std::string>> with(
    std::vector<std::pair<std::string, std::string>> cards,
    const std::vector<std::pair<std::string, std::string>>& more) {
    cards.insert(cards.end(), more.begin(), more.end());
    return cards;
}

}  // namespace faintweb::image
