#pragma once

#include <cstdint>
#include <vector>

#include "lib/sky/settings.h"

namespace faintweb::sky {

/// A dark-matter halo of a mock sky.
struct Halo {
    double x_px = 0;  ///< column in the image, 0-based, may lie outside it
    double y_px = 0;  ///< row in the image
    double ra_deg = 0;
    double dec_deg = 0;
    double z = 0;
    double mass_msun = 0;  ///< M200m, as the mass function counts it
    double r200_mpc = 0;   ///< encloses 200 times the critical density, physical
    double r100_mpc = 0;   ///< the virial radius, 1.33 r200
    double r100_arcsec = 0;
    std::uint32_t id = 0;  ///< key of its random numbers; unique in a realisation
};

/// Draws the haloes of a lightcone: Poisson numbers, random places, masses of the mass function.
///
/// Haloes beyond the image's edge are kept if their shocks may reach into it.
///
/// @return by falling mass, then id.
/// @source Sheth & Tormen 1999 (mass function).
std::vector<Halo> draw_haloes(const SkySettings& settings,
                              std::uint64_t seed,
                              std::uint64_t realisation);

/// Mean number of haloes above min_mass_msun that the lightcone of the image itself holds.
double mean_halo_count(const SkySettings& settings);

/// Radius that no shock surface of a halo passes, Mpc physical.
double shock_reach_mpc(const SkySettings& settings, double r200_mpc);

}  // namespace faintweb::sky
