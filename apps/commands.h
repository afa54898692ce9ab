// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "lib/catalogue/export_formats.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/map_pictures.h"

/// What the program can do. Each function runs on every rank and gives the exit code of the run.
namespace faintweb::apps {

/// All stages of a campaign. What is finished and unchanged is skipped.
base::ExitCode run(const comm::Communicator& communicator, const campaign::Campaign& campaign);

/// One stage, finished before or not. What `run` remembers of it and of the stages after it is
/// forgotten.
base::ExitCode run_one(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       campaign::Stage name);

/// Prints what a run would do: fields, tiles, memory and bytes on disk.
base::ExitCode dry_run(const campaign::Campaign& campaign);

/// Prints how many trainings and evaluations a sweep has.
void print_sweep(const campaign::Campaign& campaign);

/// Writes a catalogue in other formats.
/// @throws base::UsageError  if something would be lost; see base::check_outputs.
base::ExitCode export_catalogue(const std::string& catalogue,
                                const std::vector<catalogue::Export>& exports,
                                base::Overwrite overwrite);

/// Draws maps side by side, or the classified fields of a catalogue into a folder.
/// @throws base::UsageError, base::InputError  one line for what does not fit, or would be lost;
///     see base::check_outputs.
base::ExitCode picture(const pipeline::PictureOptions& options, base::Overwrite overwrite);

/// Prints what a catalogue, model or FITS file is.
base::ExitCode info(const std::string& path);

}  // namespace faintweb::apps
