// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/learn/model.h"
#include "mpi/pipeline/field_plan.h"

/// Whether maps are such as a model was trained on.
namespace faintweb::pipeline {

/// What is noted of a map that a model does not fit.
struct ModelFit {
    std::int32_t flags = 0;  ///< TileFlag bits of each row of the map
    std::string refusal;     ///< why the map is not used; empty: it is
};

/// How well a model fits a map; settings.accept_mismatch says what may differ.
ModelFit fit_of(const learn::Model& model,
                const campaign::DetectSettings& settings,
                const image::MapInfo& info);

/// Warns of maps that are named more than once.
void warn_of_repeats(const std::vector<std::string>& repeats);

/// Warns of the maps that are used although the model does not fit them, and says by how much.
void warn_of_mismatches(const FieldPlan& plan, const learn::Model& model);

/// The rows of the maps table; warns of each map that is not used.
std::vector<catalogue::MapRecord> map_records(const FieldPlan& plan,
                                              const learn::Model& model,
                                              const campaign::DetectSettings& settings);

}  // namespace faintweb::pipeline
