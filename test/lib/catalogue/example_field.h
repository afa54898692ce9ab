// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalogue/field_rows.h"

namespace faintweb::catalogue {

/// Header of a map of 130 x 90 px in the TAN projection, 7.5" pixels, slightly turned.
inline std::string example_header_cards() {
    std::string cards;
    for (std::string card : {
             "SIMPLE  =                    T",
             "BITPIX  =                  -32",
             "NAXIS   =                    2",
             "NAXIS1  =                  130",
             "NAXIS2  =                   90",
             "HISTORY made by hand",
             "CTYPE1  = 'RA---TAN'",
             "CTYPE2  = 'DEC--TAN'",
             "CRPIX1  =                 65.5",
             "CRPIX2  =                 45.5",
             "CRVAL1  =                 0.01",
             "CRVAL2  =                 62.0",
             "CDELT1  =  -2.08333333333333E-3",
             "CDELT2  =   2.08333333333333E-3",
             "CROTA2  =                  7.0",
             "EQUINOX =               2000.0",
             "RADESYS = 'FK5     '",
             "END",
         }) {
        card.resize(80, ' ');
        cards += card;
    }
    return cards;
}

/// A field of 3 x 2 tiles of 10 px, of which the last row and column end at its edges. Made by
/// hand:
///     tile      0     1     2     3     4     5
///     score    0.9   0.1   0.6   0.5   0.2  (blank)
///     label     1     1     0     0     0     1
///     outcome  1C    1F    0F    0C    0C   none
struct ExampleField {
    std::vector<float> scores{0.9F, 0.1F, 0.6F, 0.5F, 0.2F, 0.99F};
    std::vector<source::TileFlux> fluxes;
    std::vector<std::uint8_t> is_blank{0, 0, 0, 0, 0, 1};
    std::vector<std::uint8_t> labels{1, 1, 0, 0, 0, 1};
    std::vector<float> local_rms{1e-7F, 2e-7F, 3e-7F, 4e-7F, 5e-7F, 6e-7F};

    ExampleField() {
        for (int tile = 0; tile < 6; ++tile) {
            const auto t = static_cast<float>(tile);
            fluxes.push_back({.sum_jy = 1e-3 * tile,
                              .peak_jy_arcsec2 = 1e-6F * (t + 1),
                              .mean_jy_arcsec2 = 1e-7F * t,
                              .rms_jy_arcsec2 = 2e-7F * t,
                              .n_blank = tile == 2 ? 20 : 0});
        }
    }

    ClassifiedField classified() const {
        return {.map = MapId(0),
                .field = FieldId(3),
                .window = {.x0 = 100, .y0 = 50, .cols = 18, .rows = 27},
                .grid = {.field_rows = 27, .field_cols = 18, .tile_px = 10},
                .scores = scores,
                .fluxes = fluxes,
                .is_blank = is_blank,
                .labels = labels,
                .rms_jy_arcsec2 = 1.5e-7,
                .local_rms = local_rms,
                .pixels = {.n_searched = 400, .n_blank = 20, .n_unsearched = 66},
                .window_hash = std::string(32, 'a')};
    }
};

}  // namespace faintweb::catalogue
