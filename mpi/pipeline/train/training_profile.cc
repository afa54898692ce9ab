// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/train/training_profile.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <span>
#include <sstream>
#include <vector>

namespace faintweb::pipeline {

std::string profile_table(const comm::Communicator& communicator, const TrainingProfile& profile) {
    constexpr std::array names = {"data",
                                  "forward",
                                  "backward",
                                  "optimiser",
                                  "reduction, exposed",
                                  "sum",
                                  "reduction, in flight with backward"};
    constexpr std::size_t n_computing = 4;
    constexpr std::size_t n_rows = names.size();
    std::array<double, n_rows> mine = {profile.exchange_s + profile.step.data_s,
                                       profile.step.forward_s,
                                       profile.step.backward_s,
                                       profile.step.optimiser_s,
                                       profile.reduction.exposed_s + profile.step.sharing_s,
                                       0,
                                       profile.reduction.hidden_s};
    const double computing_s = mine[0] + mine[1] + mine[2] + mine[3];
    mine[n_computing + 1] = computing_s + mine[n_computing];

    const auto n_ranks = static_cast<std::size_t>(communicator.size());
    const auto rank = static_cast<std::size_t>(communicator.rank());
    std::vector<double> all(n_ranks * n_rows, 0.0);
    std::vector<double> computing(n_ranks, 0.0);
    std::ranges::copy(mine, all.begin() + static_cast<std::ptrdiff_t>(rank * n_rows));
    computing[rank] = computing_s;
    communicator.sum(std::span(all));
    communicator.sum(std::span(computing));
    if (!communicator.is_root()) {
        return "";
    }
    const auto slowest =
        static_cast<std::size_t>(std::ranges::max_element(computing) - computing.begin());
    const double per_step =
        1000.0 / static_cast<double>(std::max<std::int64_t>(1, profile.n_steps));

    std::ostringstream table;
    table << std::fixed << std::setprecision(2) << std::left << std::setw(36) << "ms per step"
          << std::right << std::setw(10) << "rank 0"
          << "   slowest: rank " << slowest << "\n";
    for (std::size_t row = 0; row < n_rows; ++row) {
        table << std::left << std::setw(36) << names[row] << std::right << std::setw(10)
              << all[row] * per_step << std::setw(19) << all[slowest * n_rows + row] * per_step
              << "\n";
    }
    const double hidden_s = all[n_rows - 1];
    const double whole_s = hidden_s + all[n_computing];
    table << profile.n_steps
          << " steps; in flight with backward, of the reduction on rank 0: " << std::setprecision(0)
          << (whole_s > 0 ? 100 * hidden_s / whole_s : 0) << " %";
    return table.str();
}

}  // namespace faintweb::pipeline
