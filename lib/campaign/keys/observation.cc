// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"

namespace faintweb::campaign {

void add_point_sources_keys(Keys& keys) {
    using Points = sky::PointSourceSettings;
    Section<Points> section(keys, "point_sources", &Campaign::point_sources,
                            "Compact galaxies in the images with noise, never in the truth.");
    section.key("enabled", &Points::enabled, any_value(), "",
                "Paint compact galaxies into the images with noise.");
    section.key("min_flux_jy", &Points::min_flux_jy, within(5e-5, 1), "Jy",
                "Flux density of the faintest compact galaxies at 1.4 GHz.");
    section.key("max_flux_jy", &Points::max_flux_jy, within(5e-5, 1), "Jy",
                "Flux density of the brightest compact galaxies at 1.4 GHz.");
    section.key(
        "spectral_index", &Points::spectral_index, within(-5, 5), "",
        "Spectral index of compact galaxies: flux density goes as frequency to this power.");
}

void add_observation_keys(Keys& keys) {
    using Observation = sky::ObservationSettings;
    Section<Observation> section(keys, "observation", &Campaign::observation,
                                 "Telescope that observes the mock sky.");
    section.key("beam_fwhm_arcsec", &Observation::beam_fwhm_arcsec, above_up_to(0, 3600), "arcsec",
                "Full width at half maximum of the round Gaussian beam.");
    section.key("noise_jy_beam", &Observation::noise_jy_beam, within(0, 1e3), "Jy/beam",
                "Standard deviation of the noise.");
    section.key("sidelobe_level", &Observation::sidelobe_level, within(0, 0.5), "",
                "Depth of the first side lobe, a fraction of the beam's peak; 0 = none.");
    section.key("sidelobe_radius_beams", &Observation::sidelobe_radius_beams, within(1, 100),
                "beam", "Radius of the first side lobe.");
    section.key("largest_scale_arcsec", &Observation::largest_scale_arcsec, within(0, 648'000),
                "arcsec",
                "Length of structure that loses half its flux for want of short baselines; 0 = "
                "nothing is lost.");
    section.key("noise_scatter", &Observation::noise_scatter, within(0, 1), "ln",
                "Scatter of the noise's standard deviation over the sky; 0 = none.");
}

void add_simulate_keys(Keys& keys) {
    using Simulate = SimulateSettings;
    Section<Simulate> section(keys, "simulate", &Campaign::simulate,
                              "Mock skies, each with and without noise.");
    section.key("n_train", &Simulate::n_train, within(0, 999'999), "",
                "Number of skies to train on.");
    section.key("n_test", &Simulate::n_test, within(0, 999'999), "",
                "Number of other skies, to test on.");
    section
        .key("folder", &Simulate::folder, any_value(), "",
             "Folder of the skies, relative to the current folder, which several campaigns may "
             "share; empty = skies in the output folder.")
        .only_running();
    section
        .key("layers", &Simulate::layers, any_value(), "",
             "Write each layer of a sky too: web, haloes in and outside R100, column density.")
        .only_running();
    section
        .key("slabs", &Simulate::slabs, within(0, 255), "",
             "Slabs whose emission and column density are also written alone; 0 = the nearest.")
        .only_running();
}

}  // namespace faintweb::campaign
