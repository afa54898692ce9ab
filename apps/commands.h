#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "lib/image/window.h"
#include "lib/label/rule.h"
#include "lib/report/stretch.h"
#include "mpi/comm/communicator.h"

/// What the program can do. Each function runs on every rank and gives the exit code of the run.
namespace faintweb::apps {

base::ExitCode run(const comm::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode simulate(const comm::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode train(const comm::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode evaluate(const comm::Communicator& communicator, const campaign::Campaign& campaign);
base::ExitCode detect(const comm::Communicator& communicator, const campaign::Campaign& campaign);

inline constexpr std::array all_stages{campaign::Stage::simulate,
                                       campaign::Stage::train,
                                       campaign::Stage::evaluate,
                                       campaign::Stage::detect};

/// One stage, finished before or not. What `run` remembers of it and of the stages after it is
/// forgotten.
base::ExitCode run_one(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       campaign::Stage stage);

/// All trainings of a campaign's sweep, by groups of ranks, and their scores in one table. What is
/// finished and unchanged is skipped; a training that fails, for instance because it diverged, is
/// recorded and costs itself only.
base::ExitCode sweep(const comm::Communicator& communicator, const campaign::Campaign& campaign);

/// Prints how many trainings and evaluations a sweep has.
void print_sweep(const campaign::Campaign& campaign);

/// Prints what a run would do: fields, tiles, memory and bytes on disk.
base::ExitCode dry_run(const campaign::Campaign& campaign);

/// What is exported as FITS images of one pixel per tile.
enum class MapQuantity { probability, score, rms };
struct MapExport {
    MapQuantity quantity;
    const char* name;         ///< "probability"; also the end of the files' names
    const char* description;  ///< for help and for the files
    const char* unit;         ///< BUNIT of the files; empty: none
};
inline constexpr std::array map_exports{
    MapExport{MapQuantity::probability, "probability", "calibrated probability of signal", ""},
    MapExport{MapQuantity::score, "score", "the network's score, not calibrated", ""},
    MapExport{MapQuantity::rms, "rms", "local rms of the noise, Jy/arcsec2", "Jy/arcsec2"}};

/// Writes a catalogue in other formats. Each path may be empty.
struct ExportPaths {
    std::string csv;
    std::string fits;
    std::string ds9;
    /// Folders that get one image per map, in the order of map_exports.
    std::array<std::string, map_exports.size()> maps;

    bool is_empty() const {
        return csv.empty() && fits.empty() && ds9.empty() &&
               std::ranges::all_of(maps, &std::string::empty);
    }
};
/// @throws base::UsageError  if something would be lost; see base::check_outputs.
base::ExitCode export_catalogue(const std::string& catalogue,
                                const ExportPaths& paths,
                                base::Overwrite overwrite);
/// The same without asking what is there.
void write_exports(const std::string& catalogue, const ExportPaths& paths);

/// Draws the classified fields of a catalogue into a folder.
/// @throws base::InputError  if a map can no longer be read.
void draw_catalogue(const std::string& path, const std::string& folder);

/// What `picture` is asked to draw.
struct PictureOptions {
    std::vector<std::string> inputs;      ///< maps that share one picture, or one catalogue
    std::string output;                   ///< PNG file, or the folder for a catalogue's pictures
    std::optional<image::Window> window;  ///< of every map; none: all of it
    std::optional<report::StretchKind> stretch;
    std::string haloes;           ///< CSV of simulate; may be empty
    std::vector<int> haloes_on;   ///< numbers of the maps that get circles, from 1; empty: all
    double min_mass_msun = 1e14;  ///< M200 of the smallest halo that gets a circle
    std::string truth;            ///< sky image whose signal tiles are outlined; may be empty
    std::vector<int> truth_on;    ///< numbers of the maps that get them, from 1; empty: all
    label::LabelRule label;
    int tile_px = campaign::Campaign{}.tile_px;
};

/// Draws maps side by side, or the classified fields of a catalogue into a folder.
/// @throws base::UsageError, base::InputError  one line for what does not fit, or would be lost;
/// see
///     base::check_outputs.
base::ExitCode picture(const PictureOptions& options, base::Overwrite overwrite);

/// Prints what a catalogue, model or FITS file is.
base::ExitCode info(const std::string& path);

}  // namespace faintweb::apps
