// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <array>
#include <cmath>
#include <string_view>

#include <fmt/core.h>

#include "apps/commands.h"
#include "lib/base/log.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/maps.h"
#include "lib/image/fits_map.h"
#include "lib/learn/model.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_maps.h"

namespace faintweb::apps {
namespace {

std::string beam_text(const image::Beam& beam) {
    return fmt::format("{:g} x {:g} arcsec, {:g} deg", beam.major_arcsec, beam.minor_arcsec,
                       beam.angle_deg);
}

/// @param has_compact_sources  learn::compact_sources_word().
std::string skies_text(std::string_view has_compact_sources) {
    if (has_compact_sources == "yes") {
        return "skies     the model was trained and calibrated on skies with compact sources";
    }
    if (has_compact_sources == "no") {
        return "skies     the model was trained and calibrated on skies without compact sources: "
               "subtract or mask them, its scores and probabilities of them mean nothing";
    }
    return "skies     whether the model was trained and calibrated on skies with compact sources "
           "is not known";
}

void describe_catalogue(const std::string& path) {
    const catalogue::Catalogue catalogue = io::read_catalogue(path);
    base::print("catalogue " + path);
    base::print("digest    " + catalogue.digest);
    base::print("model     " + catalogue.provenance.model_sha256);
    base::print(
        skies_text(catalogue::entry_of(catalogue.provenance.settings, pipeline::compact_sources_key)
                       .value_or("unknown")));
    base::print("content   " +
                catalogue::accounting_text(catalogue::account(catalogue.maps, catalogue.fields)));
    for (const catalogue::MapRecord& map : catalogue.maps) {
        base::print(fmt::format("map       {}: {} x {} px of {:g} arcsec{}{}", map.path.view(),
                                map.cols, map.rows, map.pixel_arcsec,
                                map.reason.view().empty() ? "" : ", failed: ", map.reason.view()));
    }
    for (const auto& entries :
         {catalogue.provenance.settings, catalogue.provenance.versions, catalogue.provenance.run}) {
        for (const auto& [name, value] : entries) {
            base::print(fmt::format("          {} = {}", name, value));
        }
    }
}

void describe_model(const std::string& path) {
    const learn::Model model = learn::read_model(path);
    const learn::NetworkInfo network =
        learn::network_info(model.network, model.tile_px, model.heads());
    base::print(fmt::format("model     {}: {}, {} parameters, {:g} MFLOP per tile", path,
                            model.network, network.n_parameters, network.mflop_per_tile));
    base::print("sha256    " + model.sha256);
    base::print(fmt::format("tiles     {} px of {:g} arcsec, scaling {}", model.tile_px,
                            model.pixel_arcsec, tile::scaling_name(model.scaling)));
    base::print(fmt::format("beam      {}, noise {:g} Jy/beam", beam_text(model.beam),
                            model.noise_jy_beam));
    base::print(skies_text(learn::compact_sources_word(model)));
    base::print(fmt::format("label     more than {} px above {:g} Jy/arcsec2",
                            model.label_rule.min_pixels,
                            model.label_rule.flux_threshold_jy_arcsec2));
    base::print(fmt::format(
        "detection above a score of {:g}, probability 1 / (1 + exp(-({:g} logit {}{:g})))",
        model.threshold, model.calibration.scale, model.calibration.offset < 0 ? "- " : "+ ",
        std::fabs(model.calibration.offset)));
    if (!model.history.empty()) {
        const score::EpochRecord& last = model.history.back();
        base::print(fmt::format("training  {} epochs, {} steps, loss {:g}, weights after epoch {}",
                                last.epoch, last.n_steps, last.loss, model.kept_epoch));
        for (const score::EpochRecord& record : model.history) {
            if (record.epoch == model.kept_epoch && record.validation) {
                const score::Validation& validation = *record.validation;
                base::print(
                    fmt::format("          on validation skies {} at 0.5, A_s {:g} at {:g}",
                                score::text_of_ratios(std::array{
                                    validation.a_s, validation.w_s, validation.w_v,
                                    score::reliability_from(validation.a_s, validation.w_s)}),
                                validation.best_a_s, validation.best_threshold));
            }
        }
    }
    if (model.metrics.n_fields > 0) {
        base::print(fmt::format("metrics   {} on {} held-out fields",
                                score::text_of_ratios(model.metrics.confusion),
                                model.metrics.n_fields));
    }
}

void describe_map(const std::string& path) {
    image::MapOptions options;
    options.only_header = true;
    const image::FitsMap map = image::FitsMap::open(path, options);
    const image::MapInfo& info = map.info();
    base::print(
        fmt::format("map       {}, HDU {}: {} x {} px of {:g} arcsec, {} (pixel values times {:g} "
                    "are Jy/arcsec2)",
                    path, info.hdu, info.cols, info.rows, info.pixel_arcsec,
                    image::unit_name(info.unit), info.jy_arcsec2_per_unit));
    base::print(fmt::format("beam      {}", info.beam ? beam_text(*info.beam) : "none"));
    base::print(fmt::format("WCS       {}{}{}", info.has_wcs ? "yes" : "no",
                            info.object.empty() ? "" : ", object ", info.object));
    for (const std::string& note : info.notes) {
        base::print("note      " + note);
    }
}

}  // namespace

base::ExitCode info(const std::string& path) {
    switch (pipeline::kind_of(path)) {
        case pipeline::FileKind::catalogue:
            describe_catalogue(path);
            break;
        case pipeline::FileKind::model:
            describe_model(path);
            break;
        case pipeline::FileKind::map:
            describe_map(path);
            break;
    }
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
