// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "lib/image/pixel_shape.h"

namespace faintweb::image {

/// A place on the sky, ICRS (FK5 J2000 is taken as ICRS: they differ by less than 0.03").
struct SkyPosition {
    double ra_deg = 0;  ///< 0 <= ra_deg < 360 in all that faintweb gives
    double dec_deg = 0;
};

/// The celestial coordinates of a map, for any projection that wcslib knows.
///
/// Galactic and FK4 (B1950) maps give ICRS positions like all others. Axes of length 1 beside the
/// celestial pair (frequency, Stokes) are left out. Const calls may come from any thread.
class Wcs {
  public:
    /// @param header_cards  the cards of one image HDU, 80 characters each, concatenated.
    /// @throws InputError   if the header has no celestial axes, has them in the order Dec, RA, if
    ///                      a card that counts is unusable (see celestial_cards), or if wcslib
    ///                      cannot use them; says which and why, without advice.
    explicit Wcs(const std::string& header_cards);
    ~Wcs();
    Wcs(Wcs&&) noexcept;
    Wcs& operator=(Wcs&&) noexcept;

    /// Position of a map pixel (0-based, pixel centres are whole numbers); none where the
    /// projection has no sky, as in the corners of an all-sky map.
    std::optional<SkyPosition> sky(double x_px, double y_px) const;

    /// Map pixel (0-based) of a position; none on the side of the sky that the projection cannot
    /// show.
    std::optional<std::pair<double, double>> pixel(SkyPosition position) const;

    /// A pixel as the linear transformation has it, at the reference point.
    PixelShape pixel_shape() const;

    /// Edge of a square pixel of the same area, sqrt(|det|) of the linear transformation, arcsec.
    double pixel_scale_arcsec() const;

    /// Header cards of an image whose pixels are blocks of this map's, in the same projection.
    ///
    /// @param x0_px, y0_px  map pixel (0-based) of the first column and row of block (0, 0).
    /// @param block_px      edge of a block, map pixels, >= 1.
    /// @return              80 characters each, concatenated; for FitsHeader::wcs_cards.
    /// @throws InputError   if wcslib cannot write them.
    std::string cards_of_blocks(double x0_px, double y0_px, std::int64_t block_px) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace faintweb::image
