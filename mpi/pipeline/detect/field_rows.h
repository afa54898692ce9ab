// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "lib/image/wcs.h"
#include "mpi/pipeline/detect/detect_profile.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/field_plan.h"

namespace faintweb::pipeline {

/// Makes the rows of the fields of a plan. Several threads may do so at the same time.
class FieldRows {
  public:
    /// @param loaded, plan  must outlive this object, as must the settings and the profile.
    /// @param n_threads     that work on one field.
    /// @param profile       is told what each field has cost.
    FieldRows(const campaign::DetectSettings& settings,
              const LoadedModel& loaded,
              const FieldPlan& plan,
              int n_threads,
              DetectProfile& profile);

    /// Classifies a field.
    catalogue::FieldResult classify(catalogue::FieldId field, const FieldPixels& pixels);

    /// What is kept of a field that could not be used.
    catalogue::FieldResult fail(catalogue::FieldId field, const std::string& reason) const;

  private:
    const image::Wcs* wcs_of(catalogue::MapId map);

    const campaign::DetectSettings& settings_;
    const LoadedModel& loaded_;
    const FieldPlan& plan_;
    int n_threads_;
    DetectProfile& profile_;
    std::mutex mutex_;
    std::vector<std::optional<image::Wcs>> wcs_;  ///< [maps], made when first asked for
};

/// Gives stored rows their place in the plan: the maps may have been others, or in another order,
/// when they were stored.
catalogue::FieldResult with_place_of(const FieldPlan& plan,
                                     catalogue::FieldId field,
                                     catalogue::FieldResult result);

}  // namespace faintweb::pipeline
