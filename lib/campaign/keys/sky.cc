// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"

namespace faintweb::campaign {

template <>
struct Names<sky::SkySource> {
    static std::vector<std::pair<std::string, sky::SkySource>> all() {
        return {{"boxes", sky::SkySource::boxes},
                {"hdf5", sky::SkySource::hdf5},
                {"fits", sky::SkySource::fits}};
    }
};

void add_cosmology_keys(Keys& keys) {
    using Cosmos = sky::Cosmology;
    Section<Cosmos> section(keys, "cosmology", &Campaign::cosmology,
                            "The flat universe of the mock sky.");
    section.key("omega_matter", &Cosmos::omega_matter, within(0.05, 1), "",
                "Density parameter of matter today.");
    section.key("omega_baryon", &Cosmos::omega_baryon, within(0.005, 0.5), "",
                "Density parameter of baryons today, a part of omega_matter.");
    section.key("h", &Cosmos::h, within(0.3, 1.5), "100 km/s/Mpc", "Hubble constant.");
    section.key("sigma8", &Cosmos::sigma8, within(0.1, 2), "",
                "Rms of the linear density contrast in spheres of 8 Mpc/h today.");
    section.key("spectral_index", &Cosmos::spectral_index, within(0.5, 1.5), "",
                "Slope of the primordial power spectrum.");
    section.key("t_cmb_k", &Cosmos::t_cmb_k, within(2, 3.5), "K",
                "Temperature of the cosmic microwave background today.");
}

namespace {

using Sky = sky::SkySettings;

/// What skies are made from.
void add_sources(Section<Sky>& section) {
    section.key(
        "source", &Sky::source, any_value(), "",
        "Source of the skies: simulated boxes, snapshots of another simulation, or ready maps.");
    section
        .key("snapshots", &Sky::snapshots, not_empty(), "",
             "Snapshots of source hdf5: gas on grids as yt writes them, relative to this file's "
             "folder; each slab of the sky shows the nearest in redshift.")
        .input_file();
    section
        .key("test_snapshots", &Sky::test_snapshots, not_empty(), "",
             "Snapshots of another simulation that test skies are made from, with source hdf5.")
        .input_file();
    section
        .key("maps", &Sky::maps, not_empty(), "",
             "Maps of source fits: skies without noise, shown in turn; each gives the size of its "
             "images.")
        .input_file();
    section
        .key("test_maps", &Sky::test_maps, not_empty(), "",
             "Maps of another universe that test skies are taken from, with source fits.")
        .input_file();
}

/// The image and the part of the universe that it shows.
void add_frame(Section<Sky>& section) {
    section.key("size_px", &Sky::size_px, within(1, 40000), "pixel", "Edge of the square image.");
    section.key("pixel_arcsec", &Sky::pixel_arcsec, within(0.1, 600), "arcsec", "Edge of a pixel.");
    section.key("centre_ra_deg", &Sky::centre_ra_deg, within(-360, 360), "deg",
                "Right ascension of the middle of the image.");
    section.key("centre_dec_deg", &Sky::centre_dec_deg, within(-90, 90), "deg",
                "Declination of the middle of the image.");
    section.key("z_min", &Sky::z_min, within(0.01, 2), "", "Nearest redshift of a sky.");
    section.key("z_max", &Sky::z_max, within(0.011, 3), "",
                "Farthest redshift of a sky, above z_min.");
    section.key("frequency_hz", &Sky::frequency_hz, within(1e7, 1e11), "Hz", "Observed frequency.");
}

/// The shocks of mergers.
void add_mergers(Section<Sky>& section) {
    section.key("min_mass_msun", &Sky::min_mass_msun, within(1e12, 1e15), "solar mass",
                "Smallest mass M200m of a halo that gets shocks. Target: N9/N40 = 1.29, the ratio "
                "of signal tiles under the two label rules of Gheller et al. 2018.");
    section.key("xi_e", &Sky::xi_e, within(1e-9, 1), "",
                "Share of the shocks' energy that goes into electrons; the flux is linear in it. "
                "Target: 77.5 signal tiles per field of 2500 at 40 pixels and 1e-7 Jy/arcsec2.");
    section.key("f_merge", &Sky::f_merge, within(0, 100), "",
                "Merger rate in multiples of that of Fakhouri et al. 2010.");
    section.key("xi_min", &Sky::xi_min, within(1e-3, 0.9), "",
                "Smallest mass ratio of a merger that drives a shock. Target: the number of arcs.");
    section.key("vs_mu", &Sky::vs_mu, within(0.1, 10), "V200", "Median speed of a merger shock.");
    section.key("vs_sigma", &Sky::vs_sigma, within(0, 2), "ln",
                "Scatter of the speed of merger shocks. Target: three times the signal tiles at a "
                "tenth of the threshold.");
    // fronts start at a quarter of R200
    section.key("r_max", &Sky::r_max, within(0.5, 5), "R200",
                "Radius out to which merger shocks are followed.");
}

/// The magnetic field behind shocks.
void add_magnetic_fields(Section<Sky>& section) {
    section.key("eps_b", &Sky::eps_b, within(1e-9, 1), "",
                "Ratio of magnetic to thermal energy behind a shock where the dynamo saturates.");
    section.key("r_dyn_mpc", &Sky::r_dyn_mpc, within(0.01, 100), "Mpc",
                "Radius R200 of the halo in which the magnetic energy reaches eps_b: it grows as "
                "(R200 / r_dyn_mpc)^2, up to 1.5 times. Target: how counts fall with mass.");
    section.key("a_dyn", &Sky::a_dyn, within(1e-3, 1e6), "comoving nG",
                "Amplified magnetic field inside haloes.");
    section.key("a_acc", &Sky::a_acc, within(1e-3, 1e6), "comoving nG",
                "Amplified magnetic field at accretion shells.");
}

/// The fine structure of shock surfaces, and how finely they are sampled.
void add_texture(Section<Sky>& section) {
    section.key("ln_b_sigma", &Sky::ln_b_sigma, within(0, 3), "ln",
                "Patchiness of the magnetic field, the scatter of its logarithm. Target: N9/N40.");
    section.key("ln_n_sigma", &Sky::ln_n_sigma, within(0, 3), "ln",
                "Patchiness of the gas density, the scatter of its logarithm. Target: N9/N40.");
    section.key("corrugation", &Sky::corrugation, within(0, 0.15), "radius",
                "Rms ripple of a shock front.");
    section.key(
        "l_cool_mpc", &Sky::l_cool_mpc, within(0, 2), "Mpc",
        "Depth of the radiating layer behind a flow of 1000 km/s. Target: elongation of arcs.");
    section.key("resolution_arcsec", &Sky::resolution_arcsec, within(0.15, 60000), "arcsec",
                "Full width at half maximum of the sky before the telescope, 1.5 to 100 pixels.");
    section.key("points_per_beam", &Sky::points_per_beam, within(1, 10000), "",
                "Number of samples of a shock surface per resolution_arcsec squared.");
    section.key("floor_jy_arcsec2", &Sky::floor_jy_arcsec2, within(1e-16, 1e-3), "Jy/arcsec2",
                "Brightness that counts as no emission; fainter surfaces are skipped.");
}

/// The shocks in cores, along filaments and between haloes; the layers of a sky.
void add_other_shocks(Section<Sky>& section) {
    section.key("p_inlet", &Sky::p_inlet, within(0, 1), "",
                "Probability that the shock where a filament enters a halo shines. Target: pixels "
                "outside R100.");
    section.key(
        "p_core", &Sky::p_core, within(0, 1), "",
        "Probability that a merger of a tenth or more shocks the core as well. Target: N9/N40.");
    section.key("core_mach", &Sky::core_mach, within(1.5, 10), "",
                "Median Mach number of core shocks. Target: brightest pixels of 1e-2 Jy/arcsec2.");
    section.key("min_sheath_mass_msun", &Sky::min_sheath_mass_msun, within(1e12, 1e16),
                "solar mass",
                "Smallest mass M200m of a halo whose filaments get a sheath of shocks.");
    section.key("a_fil", &Sky::a_fil, within(1e-3, 1e6), "comoving nG",
                "Amplified magnetic field in the sheaths of filaments.");
    section.key("a_web", &Sky::a_web, within(1e-3, 1e6), "comoving nG",
                "Amplified magnetic field between haloes.");
    section.key("web_layer", &Sky::web_layer, any_value(), "",
                "Paint shocks between haloes; of snapshots, those outside R100.");
    section.key("halo_layer", &Sky::halo_layer, any_value(), "",
                "Paint shocks in and around haloes; of snapshots, those inside R100.");
    section.key("sheath_layer", &Sky::sheath_layer, any_value(), "",
                "Paint shocks along filaments; snapshots have their own.");
}

}  // namespace

void add_sky_keys(Keys& keys) {
    Section<Sky> section(keys, "sky", &Campaign::sky, "The mock radio sky without noise.");
    add_sources(section);
    add_frame(section);
    add_mergers(section);
    add_magnetic_fields(section);
    add_texture(section);
    add_other_shocks(section);
}

namespace {

using Snapshot = SnapshotSettings;

/// The names of the fields in a snapshot.
void add_fields(Section<Snapshot>& section) {
    section.key("group", &Snapshot::group, any_value(), "",
                "Group of the fields; '' = grid, data or the root, the first that is there.");
    section.key("density", &Snapshot::density, not_empty(), "", "Dataset of the gas density.");
    section.key("temperature", &Snapshot::temperature, not_empty(), "",
                "Dataset of the gas temperature.");
    section.key("velocity", &Snapshot::velocity, not_empty(), "",
                "Datasets of the peculiar velocity of the gas along the three axes.");
    section.key("magnetic_field", &Snapshot::magnetic_field, not_empty(), "",
                "Datasets of the magnetic field along the three axes; where there are none, the "
                "field is modelled.");
}

/// The units of the fields in a snapshot.
void add_factors(Section<Snapshot>& section) {
    section.key("density_factor", &Snapshot::density_factor, within(0, 1e60), "",
                "Factor that turns the density into multiples of the mean density of baryons; 0 = "
                "as the dataset's attribute units says.");
    section.key(
        "temperature_factor", &Snapshot::temperature_factor, within(0, 1e60), "K",
        "Factor that turns the temperature into K; 0 = as the dataset's attribute units says.");
    section.key(
        "velocity_factor", &Snapshot::velocity_factor, within(0, 1e60), "km/s",
        "Factor that turns the velocity into km/s; 0 = as the dataset's attribute units says.");
    section.key("magnetic_field_factor", &Snapshot::magnetic_field_factor, within(0, 1e60),
                "micro-gauss",
                "Factor that turns the magnetic field into micro-gauss; 0 = as the dataset's "
                "attribute units says.");
}

}  // namespace

void add_snapshot_keys(Keys& keys) {
    Section<Snapshot> section(keys, "snapshot", &Campaign::snapshot,
                              "Names and units of the fields in the files of sky.snapshots; the "
                              "defaults are those of yt.");
    add_fields(section);
    add_factors(section);
}

}  // namespace faintweb::campaign
