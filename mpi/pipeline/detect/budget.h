// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include "lib/campaign/campaign.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/field_plan.h"

/// What a detection may take: disk, time, threads.
namespace faintweb::pipeline {

/// Bytes that a run writes at least: everything but the rows of /tiles, whose number is not known
/// yet, once in the shards and once in the catalogue.
std::int64_t bytes_needed(const FieldPlan& plan, std::int64_t tile_px);

/// How long a rank may take to write the catalogue or wait for others that do.
///
/// @param deadline_s  parallel.deadline_s.
double merge_deadline_s(double deadline_s, const io::FieldSource& source);

/// What the threads of a rank do.
struct ThreadShares {
    int fields_at_once = 1;
    int per_field = 1;
};

/// Each thread works on a field of its own; where there are too few fields, several work on one.
ThreadShares share_threads(int n_threads, std::int64_t n_fields, int n_ranks);

}  // namespace faintweb::pipeline
