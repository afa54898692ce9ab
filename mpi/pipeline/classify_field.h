// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/infer/classifier.h"
#include "lib/source/photometry.h"
#include "lib/tile/grid.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/field_plan.h"

namespace faintweb::pipeline {

/// What the pixels of a field and a model say of its tiles. Every vector has grid.count() elements,
/// in the grid's order.
struct FieldClassification {
    tile::TileGrid grid{};
    infer::FieldAnswer answer;             ///< logits, and the sums and statistics of the pixels
    std::vector<float> scores;             ///< softmax probability of signal, in [0, 1]
    std::vector<double> probabilities;     ///< of signal, calibrated as the model says
    std::vector<source::TileFlux> fluxes;  ///< Jy
    std::vector<std::uint8_t> is_blank;    ///< 1: more than half blank
    double derive_s = 0;                   ///< what all but the answer took
};

/// Classifies all tiles of a field. What the truth says of them is no matter of the model: see
/// label::label_tiles.
///
/// @param field         may have a wider margin than the model's network wants.
/// @param pixel_arcsec  edge of a pixel, for the fluxes.
/// @param n_threads     that the call may use on the CPU; no result depends on it.
FieldClassification classify_field(const FieldPixels& field,
                                   const LoadedModel& loaded,
                                   double pixel_arcsec,
                                   int n_threads);

}  // namespace faintweb::pipeline
