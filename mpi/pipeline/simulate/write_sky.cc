// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/simulate/write_sky.h"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "lib/base/file.h"
#include "lib/image/fits_write.h"
#include "lib/image/right_ascension.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/sky/observe/observe.h"
#include "lib/sky/observe/point_sources.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::pipeline {
namespace {

/// Writes the slabs of a sky that are asked for alone.
void write_slabs(const campaign::Campaign& campaign,
                 MockSkies& skies,
                 sky::SkySet set,
                 int number,
                 const ObservedSky& made,
                 const image::FitsHeader& sky_header) {
    for (const int slab : campaign.simulate.slabs) {
        const auto write = [&](const char* kind, const std::vector<sky::Layer>& layers,
                               const image::FitsHeader& header) {
            image::write_fits(
                mock_path(campaign, set, fmt::format("slab_{}_{}", slab, kind), number, ".fits"),
                skies.make_slab(made, slab, layers), header);
        };
        image::FitsHeader header = sky_header;
        header.history.push_back(fmt::format("slab {} alone, at redshift {:g}", slab,
                                             skies.slabs()[static_cast<std::size_t>(slab)].z));
        write("emission", sky::emission_layers(made.settings), header);
        header.bunit.clear();
        write("column_density", {sky::Layer::column_density}, header);
    }
}

}  // namespace

void write_sky(const campaign::Campaign& campaign,
               MockSkies& skies,
               sky::SkySet set,
               int number,
               int n_threads) {
    const ObservedSky made = skies.make(
        set, number, campaign.simulate.layers ? sky::KeepLayers::yes : sky::KeepLayers::no);
    image::FitsHeader header;
    header.wcs_cards = made.wcs_cards;
    header.object = fmt::format("{} {}", set == sky::SkySet::train ? "train" : "test", number);
    header.bunit = image::unit_name(image::PixelUnit::jy_arcsec2);
    header.pixel_arcsec = made.settings.pixel_arcsec;
    header.centre = {made.settings.centre_ra_deg, made.settings.centre_dec_deg};
    header.frequency_hz = made.settings.frequency_hz;
    header.history = {
        fmt::format("faintweb mock sky, seed {}, realisation {}", campaign.seed, made.realisation)};
    image::write_fits(sky_path(campaign, set, number), made.truth.sky, header);
    for (const auto& [layer, picture] : made.truth.layers) {
        image::FitsHeader of_layer = header;
        if (layer == sky::Layer::column_density) {
            of_layer.bunit.clear();
        }
        image::write_fits(mock_path(campaign, set, sky::layer_name(layer), number, ".fits"),
                          picture, of_layer);
    }
    write_slabs(campaign, skies, set, number, made, header);
    if (campaign.point_sources.enabled) {
        std::ostringstream list;
        list << point_source_columns;
        for (const sky::PointSource& point : made.point_sources) {
            list << point.x_px << ',' << point.y_px << ',' << point.flux_jy << '\n';
        }
        base::write_file(mock_path(campaign, set, "point_sources", number, ".csv"), list.str());
    }
    if (campaign.observation.noise_scatter > 0) {
        image::write_fits(
            mock_path(campaign, set, "rms", number, ".fits"),
            sky::noise_rms_map({0, 0, made.noise.cols, made.noise.rows}, made.settings.pixel_arcsec,
                               campaign.observation, campaign.seed, made.realisation, n_threads),
            header);
    }
    header.beam = image::Beam{campaign.observation.beam_fwhm_arcsec,
                              campaign.observation.beam_fwhm_arcsec, 0};
    header.history.push_back(fmt::format("beam {:g} arcsec, noise {:g} Jy/beam",
                                         campaign.observation.beam_fwhm_arcsec,
                                         campaign.observation.noise_jy_beam));
    image::write_fits(noise_path(campaign, set, number), made.noise, header);

    std::ostringstream haloes;
    constexpr int n_digits = 9;
    haloes.precision(n_digits);
    haloes << halo_columns;
    for (const sky::Halo& halo : made.truth.haloes) {
        haloes << halo.x_px << ',' << halo.y_px << ',' << image::ra_text(halo.ra_deg, n_digits)
               << ',' << halo.dec_deg << ',' << halo.z << ',' << halo.mass_msun << ','
               << halo.m200_msun << ',' << halo.r200_mpc << ',' << halo.r100_mpc << ','
               << halo.r100_arcsec << ',' << halo.slab << ',' << halo.id << '\n';
    }
    base::write_file(halo_path(campaign, set, number), haloes.str());
}

bool is_sky_written(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    for (const std::string& path :
         {halo_path(campaign, set, number), sky_path(campaign, set, number),
          noise_path(campaign, set, number)}) {
        if (!std::filesystem::exists(path)) {
            return false;
        }
    }
    return true;
}

}  // namespace faintweb::pipeline
