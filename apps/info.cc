// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <array>
#include <cmath>
#include <string_view>

#include "apps/commands.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/maps.h"
#include "lib/image/fits_map.h"
#include "lib/learn/model.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_maps.h"

namespace faintweb::apps {
namespace {

std::string beam_text(const image::Beam& beam) {
    return base::text(
        beam.major_arcsec, " x ", beam.minor_arcsec, " arcsec, ", beam.angle_deg, " deg");
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
        base::print(base::text("map       ",
                               map.path.view(),
                               ": ",
                               map.cols,
                               " x ",
                               map.rows,
                               " px of ",
                               map.pixel_arcsec,
                               " arcsec",
                               map.reason.view().empty() ? "" : ", failed: ",
                               map.reason.view()));
    }
    for (const auto& entries :
         {catalogue.provenance.settings, catalogue.provenance.versions, catalogue.provenance.run}) {
        for (const auto& [name, value] : entries) {
            base::print(base::text("          ", name, " = ", value));
        }
    }
}

void describe_model(const std::string& path) {
    const learn::Model model = learn::read_model(path);
    const learn::NetworkInfo network =
        learn::network_info(model.network, model.tile_px, model.heads());
    base::print(base::text("model     ",
                           path,
                           ": ",
                           model.network,
                           ", ",
                           network.n_parameters,
                           " parameters, ",
                           network.mflop_per_tile,
                           " MFLOP per tile"));
    base::print("sha256    " + model.sha256);
    base::print(base::text("tiles     ",
                           model.tile_px,
                           " px of ",
                           model.pixel_arcsec,
                           " arcsec, scaling ",
                           tile::scaling_name(model.scaling)));
    base::print(base::text(
        "beam      ", beam_text(model.beam), ", noise ", model.noise_jy_beam, " Jy/beam"));
    base::print(skies_text(learn::compact_sources_word(model)));
    base::print(base::text("label     more than ",
                           model.label_rule.min_pixels,
                           " px above ",
                           model.label_rule.flux_threshold_jy_arcsec2,
                           " Jy/arcsec2"));
    base::print(base::text("detection above a score of ",
                           model.threshold,
                           ", probability 1 / (1 + exp(-(",
                           model.calibration.scale,
                           " logit ",
                           model.calibration.offset < 0 ? "- " : "+ ",
                           std::fabs(model.calibration.offset),
                           ")))"));
    if (!model.history.empty()) {
        const score::EpochRecord& last = model.history.back();
        base::print(base::text("training  ",
                               last.epoch,
                               " epochs, ",
                               last.n_steps,
                               " steps, loss ",
                               last.loss,
                               ", weights after epoch ",
                               model.kept_epoch));
        for (const score::EpochRecord& record : model.history) {
            if (record.epoch == model.kept_epoch && record.validation) {
                const score::Validation& validation = *record.validation;
                base::print(
                    base::text("          on validation skies ",
                               score::text_of_ratios(std::array{
                                   validation.a_s,
                                   validation.w_s,
                                   validation.w_v,
                                   score::reliability_from(validation.a_s, validation.w_s)}),
                               " at 0.5, A_s ",
                               validation.best_a_s,
                               " at ",
                               validation.best_threshold));
            }
        }
    }
    if (model.metrics.n_fields > 0) {
        base::print(base::text("metrics   ",
                               score::text_of_ratios(model.metrics.confusion),
                               " on ",
                               model.metrics.n_fields,
                               " held-out fields"));
    }
}

void describe_map(const std::string& path) {
    image::MapOptions options;
    options.only_header = true;
    const image::FitsMap map = image::FitsMap::open(path, options);
    const image::MapInfo& info = map.info();
    base::print(base::text("map       ",
                           path,
                           ", HDU ",
                           info.hdu,
                           ": ",
                           info.cols,
                           " x ",
                           info.rows,
                           " px of ",
                           info.pixel_arcsec,
                           " arcsec, ",
                           image::unit_name(info.unit),
                           " (pixel values times ",
                           info.jy_arcsec2_per_unit,
                           " are Jy/arcsec2)"));
    base::print(base::text("beam      ", info.beam ? beam_text(*info.beam) : "none"));
    base::print(base::text("WCS       ",
                           info.has_wcs ? "yes" : "no",
                           info.object.empty() ? "" : ", object ",
                           info.object));
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
