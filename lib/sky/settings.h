// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {

/// What mock skies are made from: boxes that are simulated here, snapshots of another simulation
/// with hydrodynamics, or noiseless maps that are ready.
enum class SkySource { boxes, hdf5, fits };

/// Everything that shapes a mock sky. The parameters whose key names a target
/// (lib/campaign/keys/sky.cc) are fitted to the counts of signal tiles that table 2 of Gheller et
/// al. 2018 implies, on two realisations of boxes of seed 2; the others are as first chosen.
/// island_shapes.py prints such counts.
struct SkySettings {
    std::int64_t size_px = 6000;  ///< edge of the square image, pixel
    double pixel_arcsec = 9.6;    ///< edge of a pixel: 16 deg / 6000
    double centre_ra_deg = 180;   ///< of the middle of the image (tangential projection)
    double centre_dec_deg = -30;
    double z_min = 0.04;
    double z_max = 0.5;
    double frequency_hz = 1.4e9;  ///< observed
    double min_mass_msun = 6e13;  ///< smallest halo that gets shocks, M200m
    double xi_e = 0.017;          ///< share of shock energy in electrons; the sky is linear in it
    double f_merge = 1.2;         ///< times the merger rate of Fakhouri et al. 2010
    double xi_min = 0.02;         ///< smallest mass ratio of a merger that drives a shock
    double vs_mu = 1.55;          ///< median shock speed / V200
    double vs_sigma = 0.35;       ///< its scatter, ln
    double r_max = 3.2;           ///< merger shocks are followed to this radius / R200
    double eps_b = 1e-3;          ///< dynamo saturation: magnetic / thermal energy behind shocks
    double r_dyn_mpc = 1.2;       ///< eps_b grows as (R200 / r_dyn)^2 up to 1.5 times
    double a_dyn = 20;            ///< field amplification inside haloes, times 1 nG comoving
    double a_acc = 1.8;           ///< the same at accretion shells
    double ln_b_sigma = 0.1;      ///< patchiness of the field, ln
    double ln_n_sigma = 0.1;      ///< patchiness of the density, ln
    double corrugation = 0.06;    ///< rms ripple of a front / its radius
    double l_cool_mpc = 0.2;      ///< depth of the radiating layer behind a 1000 km/s flow
    double resolution_arcsec =
        35;  ///< FWHM of the sky before the telescope: the grid of the original
    double points_per_beam = 50;  ///< samples of a surface per resolution_arcsec squared
    double floor_jy_arcsec2 =
        1e-11;               ///< what counts as no emission; sets how faint a surface is skipped
    double p_inlet = 0.15;   ///< probability that the inlet shock of a filament is lit
    double p_core = 0.02;    ///< probability that a merger above a tenth shocks the core as well
    double core_mach = 2.4;  ///< median Mach number of core shocks
    double min_sheath_mass_msun = 6e13;  ///< smallest halo whose filaments get a sheath
    double a_fil = 10;                   ///< field amplification in sheaths, times 1 nG comoving
    double a_web = 8;                    ///< the same in the web layer
    bool web_layer = true;               ///< shocks of the mesh, away from haloes
    bool halo_layer = true;              ///< merger, inlet and accretion shocks of haloes
    bool sheath_layer = true;            ///< accretion shocks around the filaments of heavy haloes

    SkySource source = SkySource::boxes;
    std::vector<std::string> snapshots;       ///< of source hdf5: files
    std::vector<std::string> test_snapshots;  ///< those that test skies are made from
    std::vector<std::string> maps;            ///< of source fits: files
    std::vector<std::string> test_maps;       ///< those that test skies are made from
};

/// The simulated boxes that a lightcone is stacked from: classes from near to far, each with as
/// many slabs as it gives to the cone and as many realisations as there are.
struct BoxSettings {
    std::uint64_t seed = 1;                       ///< of everything random in the boxes
    std::vector<double> edges_mpc{50, 100, 200};  ///< comoving, per class
    std::vector<int> n_slabs{4, 4, 6};            ///< per class
    int n_realisations = 2;                       ///< per class
    int n_test_realisations =
        1;                  ///< of these, the last: test skies use no others, training skies none
    int n_particles = 256;  ///< along an edge
    int n_mesh = 384;       ///< along an edge, for gravity and gas
    int n_steps = 16;       ///< from a_start to the farthest slab
    double a_start = 0.08;  ///< scale factor at which the particles start
    int n_sheet = 2;        ///< tracers per lattice cell and edge for the sheet of matter
    int map_px = 6000;      ///< edge of the projected halo maps
    int web_map_px = 3000;  ///< edge of the projected web maps, which are smoother
    bool keep_particles = false;           ///< so that other shocks need no new simulation
    int ranks_per_box = 1;                 ///< that simulate one box together, at least
    std::string folder = "results/boxes";  ///< where boxes are kept, to be shared by campaigns
};

/// A setting that does not go with others.
class SettingError : public base::UsageError {
  public:
    /// @param keys  of the campaign whose values do not fit, the one to blame first.
    SettingError(std::vector<std::string> keys, const std::string& message)
        : UsageError(message), keys_(std::move(keys)) {}
    const std::vector<std::string>& keys() const { return keys_; }

  private:
    std::vector<std::string> keys_;
};

/// Checks that settings fit each other; the range of each alone is declared with its key
/// (lib/campaign/keys/sky.cc).
///
/// @throws SettingError  names the first that does not fit, why, and what would.
void check(const SkySettings& settings);

/// Checks both: a box can be simulated, the slabs of the boxes reach z_max, the boxes resolve the
/// smallest halo that gets shocks, their maps resolve a pixel of the sky.
///
/// @throws SettingError  as above.
void check(const Cosmology& cosmology, const SkySettings& sky, const BoxSettings& boxes);

}  // namespace faintweb::sky
