#pragma once

#include <cstdint>

namespace faintweb::sky {

/// Everything that shapes a mock sky. The defaults are fitted to the counts of signal tiles of
/// Gheller et al. 2018 (sky_statistics prints the comparison).
struct SkySettings {
    std::int64_t size_px = 6000;  ///< edge of the square image, pixel
    double pixel_arcsec = 9.6;    ///< edge of a pixel: 16 deg / 6000
    double centre_ra_deg = 180;   ///< of the middle of the image (tangential projection)
    double centre_dec_deg = -30;
    double z_min = 0.04;
    double z_max = 0.5;
    double frequency_hz = 1.4e9;  ///< observed
    double min_mass_msun = 3e13;  ///< smallest halo that gets shocks, M200m
    double xi_e = 0.019;          ///< share of shock energy in electrons; the sky is linear in it
    double f_merge = 1.2;         ///< times the merger rate of Fakhouri et al. 2010
    double xi_min = 0.02;         ///< smallest mass ratio of a merger that drives a shock
    double vs_mu = 1.55;          ///< median shock speed / V200
    double vs_sigma = 0.35;       ///< its scatter, ln
    double r_max = 3.2;           ///< merger shocks are followed to this radius / R200
    double eps_b = 1e-3;          ///< dynamo saturation: magnetic / thermal energy behind shocks
    double r_dyn_mpc = 1.2;       ///< eps_b grows as (R200 / r_dyn)^2 up to 1.5 times
    double a_dyn = 20;            ///< field amplification inside haloes, times 1 nG comoving
    double a_acc = 5;             ///< the same at accretion shells
    double ln_b_sigma = 0.2;      ///< patchiness of the field, ln
    double ln_n_sigma = 0.2;      ///< patchiness of the density, ln
    double corrugation = 0.06;    ///< rms ripple of a front / its radius
    double l_cool_mpc = 0.15;     ///< depth of the radiating layer behind a 1000 km/s flow
    double resolution_arcsec =
        30;  ///< FWHM of the sky before the telescope: the grid of the original
    double points_per_beam = 30;  ///< samples of a surface per resolution_arcsec squared
    double floor_jy_arcsec2 =
        1e-11;  ///< what counts as no emission; sets how faint a surface is skipped
};

/// @throws UsageError  names the first setting that is out of range, its value and its range.
void check(const SkySettings& settings);

}  // namespace faintweb::sky
