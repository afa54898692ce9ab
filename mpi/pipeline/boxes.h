// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/sky/lightcone/box.h"
#include "lib/sky/lightcone/lightcone.h"
#include "mpi/pipeline/box_store.h"

namespace faintweb::pipeline {

/// The boxes that a campaign's skies are stacked from: simulated ones, or snapshots of another
/// simulation.
struct BoxStack {
    std::vector<sky::Slab> slabs;           ///< near to far; none of source fits
    sky::BoxSettings boxes;                 ///< as many realisations as there are, for draw_views
    sky::BoxCost cost;                      ///< of one state, at most
    std::vector<std::string> unused_files;  ///< snapshots that no slab shows
    std::vector<std::string> doubts;  ///< one line each: what a snapshot does not tell of itself
    BoxStore store;
};

/// Plans the boxes that a campaign's skies are stacked from, and makes none yet.
///
/// @param n_threads    that make a box.
/// @throws UsageError  one line: a snapshot that cannot be used, a slab of simulate.slabs that is
///                     not there.
BoxStack stack_boxes(const campaign::Campaign& campaign, int n_threads);

}  // namespace faintweb::pipeline
