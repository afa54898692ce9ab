// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>

namespace faintweb::sky {

/// How many radio sources there are of each flux at one frequency: a polynomial fit to counts, and
/// a power law below its range.
struct SourceCounts {
    double frequency_hz;
    double faintest_jy;   ///< the fit's range
    double brightest_jy;  ///< the fit's range
    /// a_i of log10(S^2.5 dN/dS / (Jy^1.5/sr)) = sum a_i log10(S/mJy)^i.
    std::span<const double> coefficients;

    /// Differential counts dN/dS, 1/(Jy sr). Polynomials mean nothing outside their range, so below
    /// it dN/dS goes as S^-2.17, continued without a step.
    ///
    /// @param flux_jy  above 0, at most brightest_jy.
    /// @source  slope of Condon et al. 2012 (ApJ 758, 23), from fluctuations at 3 GHz down to 1
    /// uJy.
    double differential(double flux_jy) const;

    /// Sources between two fluxes, 1/sr.
    double between(double from_jy, double to_jy) const;
};

/// Counts at 1.4 GHz, fitted from 0.05 mJy to 1 Jy: flat (Euclidean) near 1 Jy, falling towards
/// fainter fluxes, flat again below 1 mJy, where star-forming galaxies take over.
///
/// @source Hopkins et al. 2003 (AJ 125, 465), sixth-order fit.
const SourceCounts& counts_at_1400_mhz();

/// Counts at 150 MHz, fitted from 0.2 mJy to 10 Jy.
///
/// @source Mandal et al. 2021 (A&A 648, A5), equation 13.
const SourceCounts& counts_at_150_mhz();

/// The counts that skies of a frequency are drawn from: those at 1.4 GHz from 500 MHz on, else
/// those at 150 MHz. One population with one spectral index does not meet both.
const SourceCounts& counts_near(double frequency_hz);

}  // namespace faintweb::sky
