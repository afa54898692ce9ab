// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/budget.h"

#include <algorithm>

#include "lib/catalogue/records.h"
#include "lib/tile/grid.h"

namespace faintweb::pipeline {

std::int64_t bytes_needed(const FieldPlan& plan, std::int64_t tile_px) {
    std::int64_t bytes = 0;
    for (const PlannedField& field : plan.fields) {
        const tile::TileGrid grid{field.window.rows, field.window.cols, tile_px};
        bytes += static_cast<std::int64_t>(sizeof(catalogue::FieldRecord)) +
                 grid.count() * static_cast<std::int64_t>(2 * sizeof(float));
    }
    return 2 * bytes;
}

double merge_deadline_s(double deadline_s, const io::FieldSource& source) {
    // Slower than any disk that a survey would be kept on.
    constexpr double bytes_per_s = 20e6;
    double bytes = 0;
    for (const io::FieldSource::Size& size : source.sizes) {
        bytes += sizeof(catalogue::FieldRecord) +
                 static_cast<double>(size.n_rows) * sizeof(catalogue::TileRecord) +
                 static_cast<double>(size.n_scores) * 2 * sizeof(float);
    }
    // Read from the shards, written, read back.
    return deadline_s + 3 * bytes / bytes_per_s;
}

ThreadShares share_threads(int n_threads, std::int64_t n_fields, int n_ranks) {
    const std::int64_t n_of_rank = (n_fields + n_ranks - 1) / n_ranks;
    const int at_once = static_cast<int>(std::clamp<std::int64_t>(n_of_rank, 1, n_threads));
    return {at_once, n_threads / at_once};
}

}  // namespace faintweb::pipeline
