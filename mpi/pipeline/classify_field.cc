// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/classify_field.h"

#include <algorithm>

#include "lib/base/stopwatch.h"
#include "lib/image/image.h"
#include "lib/learn/network.h"
#include "lib/score/calibration.h"
#include "lib/tile/statistics.h"

namespace faintweb::pipeline {
namespace {

/// Lets the model's network see the margin that it wants.
infer::FieldAnswer ask_network(const FieldPixels& field,
                               const LoadedModel& loaded,
                               const tile::TileGrid& grid,
                               int n_threads) {
    const auto& [model, classifier] = loaded;
    const std::int64_t surplus_px =
        field.margin_px - learn::network_info(model.network, model.tile_px).margin_px;
    if (surplus_px == 0) {
        return classifier.classify(field.wide, grid, field.noise, n_threads);
    }
    return classifier.classify(image::without_margin(field.wide, surplus_px), grid,
                               field.noise_inside(surplus_px), n_threads);
}

}  // namespace

FieldClassification classify_field(const FieldPixels& field,
                                   const LoadedModel& loaded,
                                   double pixel_arcsec,
                                   int n_threads) {
    const learn::Model& model = loaded.model;
    FieldClassification result;
    result.grid = field.grid(model.tile_px);
    result.answer = ask_network(field, loaded, result.grid, n_threads);
    const base::Stopwatch stopwatch;
    const std::vector<float>& logits = result.answer.logits;
    result.scores = infer::scores_of_logits(logits);
    result.probabilities.resize(logits.size());
    std::ranges::transform(logits, result.probabilities.begin(), [&](float logit) {
        return score::probability_of(model.calibration, static_cast<double>(logit));
    });
    result.fluxes = source::tile_photometry(result.answer.sums, model.tile_px, pixel_arcsec);
    result.is_blank.resize(result.fluxes.size());
    std::ranges::transform(
        result.fluxes, result.is_blank.begin(), [&](const source::TileFlux& flux) {
            return static_cast<std::uint8_t>(tile::is_blank_tile(flux.n_blank, model.tile_px));
        });
    result.derive_s = stopwatch.seconds();
    return result;
}

}  // namespace faintweb::pipeline
