// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/launch.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::comm {
namespace {

/// A variable that is a number of at least 0.
std::optional<int> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    if (text == nullptr) {
        return std::nullopt;
    }
    const char* const end = text + std::strlen(text);
    int number = -1;
    const auto [rest, error] = std::from_chars(text, end, number);
    return error == std::errc() && rest == end && number >= 0 ? std::optional(number)
                                                              : std::nullopt;
}

}  // namespace

Launch read_launch() {
    Launch launch;
    for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
        if (const std::optional<int> rank = number_in(variable); rank && !launch.has_world) {
            launch.has_world = true;
            launch.rank = *rank;
        }
    }
    // A step of one task needs no world: where Open MPI has no PMI-2 it would not start.
    if (launch.has_world && std::getenv("OMPI_COMM_WORLD_RANK") == nullptr &&
        std::getenv("PMIX_RANK") == nullptr &&
        number_in("PMI_SIZE").value_or(number_in("SLURM_STEP_NUM_TASKS").value_or(0)) == 1) {
        launch.has_world = false;
    }
    if (!launch.has_world) {
        launch.n_lone_tasks = number_in("SLURM_STEP_NUM_TASKS").value_or(0);
    }
    return launch;
}

void expect_one_world(const Launch& launch) {
    if (launch.n_lone_tasks > 1) {
        throw base::UsageError(fmt::format(
            "this is one of {} tasks of a Slurm step that know nothing of each other (each would "
            "do the whole job), start them with srun --mpi=pmix or mpirun, or one with srun -n 1; "
            "where each has a job of its own, unset SLURM_STEP_NUM_TASKS",
            launch.n_lone_tasks));
    }
}

}  // namespace faintweb::comm
