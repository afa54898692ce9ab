// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace faintweb::comm {

/// How this process was started, as its environment says before MPI begins.
struct Launch {
    /// Whether mpirun, srun with PMIx or the like has given it a place in a world of ranks.
    bool has_world = false;
    int rank = 0;  ///< in that world
    /// Tasks of the Slurm step that this one belongs to, if they were given none; else 0.
    int n_lone_tasks = 0;
};

/// Reads the variables that mpirun and Slurm set for a process.
Launch read_launch();

/// Refuses a start as one of several processes without a world of ranks.
///
/// @throws UsageError  if there are other processes like this one that know nothing of each other:
///     each would do the whole job.
void expect_one_world(const Launch& launch);

}  // namespace faintweb::comm
