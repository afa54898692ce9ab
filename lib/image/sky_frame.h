// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <optional>

#include "lib/image/wcs.h"

namespace faintweb::image {

/// Turns the longitude and latitude of a map's own frame into ICRS and back.
///
/// ICRS, FK5 J2000 and unknown equinoxes are taken as they are.
class SkyFrame {
  public:
    /// @source  The Hipparcos Catalogue (ESA 1997), vol. 1, section 1.5.3, equation 1.5.11.
    static SkyFrame galactic();

    /// FK5 of another equinox than J2000.
    /// @param equinox_yr  Julian year.
    /// @source  Lieske et al. 1977, precession angles of IAU 1976.
    static SkyFrame fk5(double equinox_yr);

    /// FK4 of equinox B1950, for an object without proper motion observed in 1950; later dates move
    /// it by at most 0.3" in this century.
    /// @param has_e_terms  whether positions hold the E-terms of aberration (RADESYS FK4, not
    ///                     FK4-NO-E).
    /// @source  Murray 1989, A&A 218, 325, equation 28; E-terms: Explanatory Supplement 1992, 3.53.
    static SkyFrame fk4_b1950(bool has_e_terms);

    /// ICRS itself.
    SkyFrame() = default;

    SkyPosition to_icrs(double longitude_deg, double latitude_deg) const;
    /// The inverse of to_icrs(): longitude and latitude, deg.
    SkyPosition from_icrs(SkyPosition position) const;

  private:
    using Vector = std::array<double, 3>;
    using Matrix = std::array<Vector, 3>;
    Matrix to_icrs_ = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    Vector e_terms_ = {0, 0, 0};
    bool is_identity_ = true;
};

}  // namespace faintweb::image
