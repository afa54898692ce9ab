// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/campaign/variant.h"
#include "lib/image/beam.h"
#include "lib/image/fits_map.h"
#include "lib/label/rule.h"
#include "lib/learn/settings.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/sky/observe/observe.h"
#include "lib/sky/observe/point_sources.h"
#include "lib/sky/settings.h"

namespace faintweb::campaign {

enum class Stage { simulate, train, evaluate, detect };

/// What `detect.maps` names when it means the mock test fields of this campaign.
inline constexpr const char* simulated_maps = "simulated";
/// What `detect.model` and `evaluate.models` name when they mean the model of this campaign's train
/// stage.
inline constexpr const char* trained_model = "trained";
/// Test realisations count from here, training realisations from 0: they never share numbers.
inline constexpr std::uint64_t first_test_realisation = 1'000'000;

/// Mock skies; one realisation is one sky image and one noise image.
struct SimulateSettings {
    int n_train = 10;
    int n_test = 8;
    bool layers = false;     ///< also write the layers that a sky is the sum of
    std::vector<int> slabs;  ///< also write these slabs alone, 0 = nearest
    std::string folder;      ///< of the skies; empty: skies in the output folder
};

/// Where the snapshots of other simulations keep what. A factor turns a field into our unit; 0: its
/// attribute `units` does.
struct SnapshotSettings {
    std::string group;  ///< of the fields; empty: grid, data or the root
    std::string density = "density";
    std::string temperature = "temperature";
    std::vector<std::string> velocity = {"velocity_x", "velocity_y", "velocity_z"};
    std::vector<std::string> magnetic_field = {"magnetic_field_x", "magnetic_field_y",
                                               "magnetic_field_z"};
    double density_factor = 0;         ///< to the cosmic mean of baryons
    double temperature_factor = 0;     ///< to K
    double velocity_factor = 0;        ///< to km/s
    double magnetic_field_factor = 0;  ///< to micro-gauss
};

/// What the scores on the test skies are compared with.
struct EvaluateSettings {
    bool threshold_finder = true;  ///< also tune and score the best threshold finder
    std::vector<std::string> models = {trained_model};  ///< model files, or trained_model
};

/// Many trainings of one campaign: every combination of what its lists name. An empty list leaves
/// the key of the same name as it is.
struct SweepSettings {
    std::vector<Variant> variants;
    std::vector<std::string> network;
    std::vector<tile::Scaling> scaling;
    std::vector<int> batch_size;
    std::vector<double> learning_rate;
    std::vector<int> min_pixels;
    std::vector<double> flux_threshold_jy_arcsec2;
    std::vector<std::uint64_t> seed;
    std::vector<int> epochs;  ///< one training is looked at after each of these
    std::string reference;    ///< variant that the others are compared with
    int group_size = 1;       ///< ranks of one training
};

/// Which maps are classified by which model, what their headers lack, and what is written.
struct DetectSettings {
    std::vector<std::string> maps = {simulated_maps};  ///< FITS files, or simulated_maps alone
    std::vector<std::string> truth;                    ///< sky image of each map, or empty
    std::string model = trained_model;                 ///< model file, or trained_model
    std::string catalogue = "catalogue.h5";            ///< inside the output folder
    std::vector<std::string> accept_mismatch;          ///< "pixel", "beam"
    std::optional<double> threshold;                   ///< of the score; none: the model's own
    std::string precision = "auto";                    ///< auto, fp32, bf16
    std::optional<image::Beam> beam;                   ///< where the maps' headers lack it
    std::optional<image::ScaledUnit> unit;
    std::optional<double> pixel_arcsec;
    std::vector<std::string> force;  ///< "beam", "unit", "pixel": over the maps' headers
    int hdu = -1;                    ///< 0 = primary; -1 = the first image
    std::vector<std::string> exports = {"csv", "fits", "ds9"};
    bool pictures = true;
};

/// How a run is spread over the machine; nothing here changes results.
struct ParallelSettings {
    std::string device = "auto";     ///< auto, cpu, cuda
    int threads = 0;                 ///< of one rank; 0 = the rank's share of the cores
    std::string scatter = "pixels";  ///< pixels, windows
    int credits = 2;                 ///< fields in flight per thread of a worker
    bool dedicated_rank0 = false;
    double deadline_s = 60;        ///< of a 2000 x 2000 field, or of a wait for other ranks
    double tile_memory_mb = 0;     ///< of training tiles per rank; 0 = no limit
    std::string reducer = "auto";  ///< auto, shared, mpi, nccl
    bool profile = false;          ///< print where the time of training and detection went
};

/// How FITS files are read.
struct ImageSettings {
    std::int64_t max_unpacked_bytes = image::MapOptions{}.max_unpacked_bytes;
};

/// One whole run: every setting that any stage needs.
struct Campaign {
    std::string path;  ///< the file it was read from, empty for default_campaign()
    std::string text;  ///< that file's text, byte by byte
    /// Where each given key, list item and section stands ("detect.maps", "detect.maps[1]", "sky"):
    /// "file:line:column" or
    /// "--set". What was left at its default is not in here.
    std::map<std::string, std::string> positions;

    std::string name = "campaign";
    std::uint64_t seed = 1;
    std::string output = "results/campaign";  ///< folder
    std::vector<Stage> stages = {Stage::simulate, Stage::train, Stage::evaluate, Stage::detect};
    int tile_px = 40;
    std::int64_t field_px = 2000;

    sky::Cosmology cosmology;
    sky::BoxSettings boxes;
    sky::SkySettings sky;
    SnapshotSettings snapshot;
    sky::PointSourceSettings point_sources;
    sky::ObservationSettings observation;
    label::LabelRule label;
    /// What one network of train.joint learns beside `label` (label.rules).
    std::vector<label::LabelRule> joint_rules;
    SimulateSettings simulate;
    learn::TrainSettings train;
    EvaluateSettings evaluate;
    SweepSettings sweep;
    DetectSettings detect;
    ParallelSettings parallel;
    ImageSettings image;

    bool has_stage(Stage stage) const;
};

/// The word for a stage in campaign files and on the command line: "simulate".
const char* stage_name(Stage stage);

/// Where a key or a list item was given, else the start of the campaign file: what a message about
/// it starts with.
std::string position_of(const Campaign& campaign, const std::string& key);

/// Files that skies are made from, and the key that lists them.
struct SkyFiles {
    std::string key;
    std::vector<std::string> files;
};
/// The files that the skies of a set are made from; none where boxes are simulated. Test skies
/// alone may take the files of training skies.
SkyFiles sky_files(const Campaign& campaign, sky::SkySet set);

/// Whether the campaign's stages make skies of a set, be it in memory, instead of reading those
/// that were written.
bool makes_skies(const Campaign& campaign, sky::SkySet set);

/// The label rules that a training answers, without repeats, the campaign's own first: that one
/// alone or, with train.joint, those of label.rules too; in a checked campaign at most
/// learn::max_rules.
std::vector<label::LabelRule> label_rules(const Campaign& campaign);

/// A label rule as part of a file name: npix40_fth1e-07.
std::string rule_name(const label::LabelRule& rule);

/// What the name of a file has that is of one label rule of a training for several: _ and
/// rule_name() of the campaign's own; empty without train.joint.
std::string rule_suffix(const Campaign& campaign);

/// Folder of the mock skies: simulate.folder, else skies in the output folder.
std::string skies_folder(const Campaign& campaign);

/// How the maps of the detect stage are opened.
image::MapOptions map_options(const Campaign& campaign);

/// Reads a campaign file and the overrides on top of it.
///
/// A relative `output` means a folder below the current one. Relative maps, truth and model mean
/// files beside the campaign file (from an override: below the current folder) and come back ready
/// to open.
///
/// @param overrides  "train.epochs=3", "detect.maps=[a.fits, b.fits]"; later ones win.
/// @throws UsageError  with one line "file:line:column: problem (why), what to do" for every fault.
Campaign read_campaign(const std::string& path, const std::vector<std::string>& overrides);

/// The same from a text that was read before, for instance by another rank. `path` is what messages
/// and relative input files go by; it need not exist.
Campaign parse_campaign(const std::string& text,
                        const std::string& path,
                        const std::vector<std::string>& overrides);

/// The text of a campaign file.
///
/// @throws UsageError  if it is no regular file, unreadable or above 1 MiB; it is then not read.
std::string read_campaign_text(const std::string& path);

/// Every key at its default.
Campaign default_campaign();

/// What default_campaign() is with the overrides applied; for commands that need no campaign file.
Campaign default_campaign(const std::vector<std::string>& overrides);

/// Checks that the files which the campaign's stages open are there and readable.
///
/// @throws UsageError  one line for each missing file, with the position of its key.
void check_files(const Campaign& campaign);

/// A complete campaign file: every key at its default, with its unit, range and meaning.
std::string dump_defaults();

/// Documentation of every key as a Markdown page: a table for each section, with the key's type,
/// range or choices, unit, default and meaning.
std::string key_docs();

/// A complete campaign file with the values of this campaign. Input files are named as they are
/// opened from the current folder.
std::string dump(const Campaign& campaign);

/// Whether the names of input files are among the settings. Two runs on the same map under another
/// name give the same rows; a stage that is to be skipped must see that its input is another.
enum class InputNames { left_out, included };

/// The settings that change results, in the order of their declaration: dotted key and value as
/// dump() prints it.
///
/// @param sections  "train", "sky", or single keys such as "seed", "detect.threshold"; empty = all.
std::vector<std::pair<std::string, std::string>> result_settings(
    const Campaign& campaign,
    const std::vector<std::string>& sections = {},
    InputNames names = InputNames::included);

/// The same as "key=value" lines.
std::string settings_text(const Campaign& campaign,
                          const std::vector<std::string>& sections = {},
                          InputNames names = InputNames::included);

/// settings_text() of all that a training follows from but its skies: tiles, label rules, train.
std::string training_text(const Campaign& campaign);

}  // namespace faintweb::campaign
