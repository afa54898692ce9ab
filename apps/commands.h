#pragma once

#include <array>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/campaign/campaign.h"
#include "mpi/communicator.h"

/// What the program can do. Each function runs on every rank and gives the exit code of the run.
namespace faintweb::apps {

base::ExitCode run(const mpi::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode simulate(const mpi::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode train(const mpi::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode evaluate(const mpi::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode detect(const mpi::Communicator& communicator, const campaign::Campaign& campaign);

inline constexpr std::array all_stages{campaign::Stage::simulate,
                                       campaign::Stage::train,
                                       campaign::Stage::evaluate,
                                       campaign::Stage::detect};

/// One stage, finished before or not. What `run` remembers of it and of the stages after it is
/// forgotten.
base::ExitCode run_one(const mpi::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       campaign::Stage stage);

/// Prints what a run would do: fields, tiles, memory and bytes on disk.
base::ExitCode dry_run(const mpi::Communicator& communicator, const campaign::Campaign& campaign);

/// Writes a catalogue in other formats. Each path may be empty.
struct ExportPaths {
    std::string csv;
    std::string fits;
    std::string ds9;
    std::string probability;  ///< folder that gets one FITS image per map, one pixel per tile
};
base::ExitCode export_catalogue(const std::string& catalogue, const ExportPaths& paths);

/// Draws the classified fields of a catalogue into a folder.
/// @throws base::InputError  if a map can no longer be read.
void draw_catalogue(const std::string& path, const std::string& folder);

/// Draws a map, or the classified fields of a catalogue into a folder.
base::ExitCode picture(const std::string& input, const std::string& output);

/// Prints what a catalogue, model or FITS file is.
base::ExitCode info(const std::string& path);

}  // namespace faintweb::apps
