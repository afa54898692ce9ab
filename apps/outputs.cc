#include "apps/outputs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/campaign/sweep.h"
#include "lib/catalogue/export.h"
#include "lib/image/fits_write.h"
#include "lib/report/png_mark.h"
#include "lib/score/calibration.h"
#include "lib/score/history.h"
#include "lib/sky/lightcone/lightcone.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_maps.h"
#include "mpi/pipeline/field_store.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::apps {
namespace {

namespace fs = std::filesystem;
using base::Output;
using campaign::Campaign;
using campaign::Stage;

bool is_folder(const std::string& path) {
    std::error_code none;
    return fs::is_directory(path, none);
}

/// A list with this first line.
Output list_file(std::string path, const std::string& header) {
    return {.path = std::move(path), .objection = [header](const std::string& there) {
                return begins_with(there, header) ? ""
                                                  : "is no list of this kind that faintweb wrote";
            }};
}

Output fits_image(std::string path) {
    return {.path = std::move(path), .objection = [](const std::string& there) {
                return image::objection_to_fits(there, image::FitsContent::image);
            }};
}

Output picture_file(std::string path) {
    return {.path = std::move(path), .objection = report::objection_to_png};
}

/// What cannot be told from a file of the user's.
Output other_file(std::string path) {
    return {.path = std::move(path)};
}

/// What is kept of a campaign's progress: ours by its name, but never through a link.
Output note(std::string path) {
    return {
        .path = std::move(path), .objection = [](const std::string& there) {
            std::error_code none;
            return std::string(fs::is_symlink(there, none) || fs::hard_link_count(there, none) > 1
                                   ? "is a link, and the campaign keeps its progress there"
                                   : "");
        }};
}

Output folder(std::string path) {
    return {.path = std::move(path), .kind = Output::Kind::folder};
}

void append(std::vector<Output>& outputs, std::vector<Output> more) {
    outputs.insert(
        outputs.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Output> outputs_of_simulate(const Campaign& campaign) {
    std::vector<std::string> images{"sky", "noise"};
    if (campaign.simulate.layers) {
        images.emplace_back(sky::layer_name(sky::Layer::column_density));
        for (const sky::Layer layer : sky::emission_layers(campaign.sky)) {
            images.emplace_back(sky::layer_name(layer));
        }
    }
    for (const int slab : campaign.simulate.slabs) {
        images.push_back(base::text("slab_", slab, "_emission"));
        images.push_back(base::text("slab_", slab, "_column_density"));
    }
    if (campaign.observation.noise_scatter > 0) {
        images.emplace_back("rms");
    }
    std::vector<Output> outputs;
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        const int n_skies =
            pipeline::is_in_memory(campaign, set) ? 0 : pipeline::n_mocks(campaign, set);
        for (int number = 0; number < n_skies; ++number) {
            for (const std::string& kind : images) {
                outputs.push_back(
                    fits_image(pipeline::mock_path(campaign, set, kind, number, ".fits")));
            }
            outputs.push_back(list_file(pipeline::halo_path(campaign, set, number), halo_columns));
            if (campaign.point_sources.enabled) {
                outputs.push_back(
                    list_file(pipeline::mock_path(campaign, set, "point_sources", number, ".csv"),
                              point_source_columns));
            }
        }
    }
    return outputs;
}

void add_reliability(std::vector<Output>& outputs, const std::string& path) {
    outputs.push_back(list_file(path + ".csv", score::reliability_csv({})));
    outputs.push_back(picture_file(path + ".png"));
}

std::vector<Output> outputs_of_train(const Campaign& campaign) {
    // A model is the work of hours, perhaps of another training: it counts as the user's unless
    // this campaign is known to have written it.
    std::vector<Output> outputs;
    for (const std::string& model : pipeline::models_of_training(campaign)) {
        outputs.push_back(other_file(model));
    }
    Campaign of_rule = campaign;
    for (const label::LabelRule& rule : campaign::label_rules(campaign)) {
        of_rule.label = rule;
        if (campaign.train.validation_skies > 0) {
            add_reliability(outputs,
                            campaign.output + "/reliability" + campaign::rule_suffix(of_rule));
        }
    }
    outputs.push_back(list_file(campaign.output + "/history.csv", score::history_csv({})));
    outputs.push_back(list_file(campaign.output + "/timing.csv", score::timing_csv({})));
    outputs.push_back(folder(campaign.output + "/checkpoints"));
    return outputs;
}

std::vector<Output> outputs_of_evaluate(const Campaign& campaign) {
    std::vector<Output> outputs{other_file(campaign.output + "/evaluation.csv"),
                                other_file(campaign.output + "/evaluation.json")};
    const std::size_t n_models = campaign.evaluate.models.size();
    for (std::size_t i = 0; i < n_models; ++i) {
        add_reliability(outputs,
                        campaign.output + "/evaluation_reliability" +
                            (n_models > 1 ? base::text('_', i) : std::string()));
    }
    return outputs;
}

/// Maps by what they are, however they are named.
///
/// @param folder  that relative paths start from; empty: the current one.
std::set<fs::path> full_names(const std::vector<std::string>& paths, const fs::path& folder) {
    std::set<fs::path> names;
    for (const std::string& path : paths) {
        std::error_code error;
        const fs::path full = fs::weakly_canonical(fs::absolute(folder / path, error), error);
        names.insert(error ? fs::path(path) : full);
    }
    return names;
}

/// Why a catalogue is not one that an earlier run of this detection wrote.
std::string objection_to_catalogue(const Campaign& campaign, const std::string& path) {
    const auto origin = io::origin_of_catalogue(path);
    if (!origin) {
        return "is no catalogue of faintweb";
    }
    std::vector<std::string> maps;
    for (const pipeline::MapPaths& map : pipeline::maps_to_detect(campaign).maps) {
        // As a catalogue keeps it.
        maps.push_back(decltype(catalogue::MapRecord::path)(map.map).str());
    }
    if (full_names(origin->maps, origin->folder) != full_names(maps, "")) {
        return "is a catalogue of other maps";
    }
    const bool is_trained = campaign.detect.model == campaign::trained_model;
    const std::string model = is_trained ? pipeline::model_path(campaign) : campaign.detect.model;
    std::error_code none;
    if (!fs::is_regular_file(model, none)) {
        // One that is to be trained is another; a missing one is reported when it is read.
        return is_trained ? "is a catalogue of another model" : "";
    }
    return base::sha256_of_file(model) == origin->model_sha256 ? ""
                                                               : "is a catalogue of another model";
}

std::vector<Output> outputs_of_detect(const Campaign& campaign) {
    const std::string path = pipeline::catalogue_path(campaign);
    std::vector<Output> outputs{
        {.path = path,
         .objection =
             [&campaign](const std::string& there) {
                 return objection_to_catalogue(campaign, there);
             }},
        {.path = run_folder(path),
         .kind = Output::Kind::whole_folder,
         .objection = pipeline::objection_to_run_folder},
        // Anything else of this name is refused by the lock.
        {.path = lock_path(path), .objection = [](const std::string&) { return ""; }}};
    catalogue::Catalogue of_maps;
    for (const pipeline::MapPaths& map : pipeline::maps_to_detect(campaign).maps) {
        of_maps.maps.emplace_back().path = map.map;
    }
    for (const std::string& format : campaign.detect.exports) {
        append(outputs, outputs_of_export(of_maps, export_paths(campaign, format)));
    }
    if (campaign.detect.pictures) {
        append(outputs, outputs_of_pictures(of_maps, pictures_folder(campaign)));
    }
    return outputs;
}

std::vector<Output> outputs_of_stage(const Campaign& campaign, Stage stage) {
    switch (stage) {
        case Stage::simulate:
            return outputs_of_simulate(campaign);
        case Stage::train:
            return outputs_of_train(campaign);
        case Stage::evaluate:
            return outputs_of_evaluate(campaign);
        case Stage::detect:
            return outputs_of_detect(campaign);
    }
    return {};
}

std::vector<Output> outputs_of_sweep(const Campaign& campaign) {
    std::vector<Output> outputs;
    for (const char* name : {"sweep.csv", "sweep.h5", "table2.md", "finders.json"}) {
        outputs.push_back(other_file(campaign.output + "/" + name));
    }
    for (const char* name : {"figure5.png", "figure6.png"}) {
        outputs.push_back(picture_file(campaign.output + "/" + name));
    }
    std::set<std::string> trainings;
    for (const campaign::SweepRun& run : campaign::sweep_runs(campaign)) {
        outputs.push_back(other_file(pipeline::milestones_path(run.campaign)));
        if (trainings.insert(run.training.output).second) {
            append(outputs, outputs_of_train(run.training));
            outputs.push_back(note(run.training.output + "/.stages/train"));
            outputs.push_back(note(run.training.output + "/.stages/train_ranks"));
            outputs.push_back(other_file(run.training.output + "/campaign.yaml"));
            outputs.push_back(other_file(run.training.output + "/failure.txt"));
        }
    }
    return outputs;
}

std::vector<std::string> inputs_of_stage(const Campaign& campaign, Stage stage) {
    std::vector<std::string> inputs;
    const auto add = [&](const std::vector<std::string>& files) {
        inputs.insert(inputs.end(), files.begin(), files.end());
    };
    const auto add_maps = [&](const std::vector<pipeline::MapPaths>& maps) {
        for (const pipeline::MapPaths& paths : maps) {
            inputs.push_back(paths.map);
            if (!paths.truth.empty()) {
                inputs.push_back(paths.truth);
            }
        }
    };
    const auto add_models = [&](const std::vector<std::string>& models) {
        for (const std::string& model : models) {
            inputs.push_back(model == campaign::trained_model ? pipeline::model_path(campaign)
                                                              : model);
        }
    };
    if (stage == Stage::simulate || stage == Stage::train) {
        add(campaign::sky_files(campaign, sky::SkySet::train).files);
        add(campaign::sky_files(campaign, sky::SkySet::test).files);
    }
    if (stage == Stage::train && !pipeline::is_in_memory(campaign, sky::SkySet::train)) {
        add_maps(pipeline::mock_maps(campaign, sky::SkySet::train));
    }
    if (stage == Stage::evaluate) {
        add_maps(pipeline::mock_maps(campaign, sky::SkySet::test));
        add_models(campaign.evaluate.models);
    }
    if (stage == Stage::detect) {
        add_maps(pipeline::maps_to_detect(campaign).maps);
        add_models({campaign.detect.model});
    }
    return inputs;
}

/// The files that a part of a campaign writes, and what it is called in the list of claims.
struct Part {
    std::string name;
    std::vector<Output> outputs;
    std::vector<std::string> inputs;
};

std::vector<Output> notes_of_stage(const Campaign& campaign, Stage stage) {
    std::vector<Output> notes{
        note(base::text(campaign.output, "/.stages/", campaign::stage_name(stage)))};
    if (stage == Stage::simulate) {
        notes.push_back(note(campaign::skies_folder(campaign) + "/.made_from"));
    }
    return notes;
}

std::vector<Part> parts_of(const Campaign& campaign, Work work) {
    std::vector<Part> parts;
    const auto add_stage = [&](Stage stage) {
        parts.push_back({campaign::stage_name(stage),
                         outputs_of_stage(campaign, stage),
                         inputs_of_stage(campaign, stage)});
        append(parts.back().outputs, notes_of_stage(campaign, stage));
    };
    if (work == Work::sweep) {
        add_stage(Stage::simulate);
        // Trains and scores in folders of its own.
        parts.push_back(
            {"sweep", outputs_of_sweep(campaign), inputs_of_stage(campaign, Stage::train)});
    } else {
        for (const Stage stage : campaign.stages) {
            add_stage(stage);
        }
    }
    if (!parts.empty()) {
        parts.front().outputs.push_back(note(campaign.output + "/.stages/outputs"));
    }
    return parts;
}

/// The files that a campaign is known to have written into its output folder.
///
/// They are kept as lines "CAMPAIGN PART NAME" of OUTPUT/.stages/outputs, the campaign by the name
/// of its file, as others may have the same folder, and the file by its name in the folder, so that
/// it can be moved. Lines are appended, because detections of several catalogues may do so at once.
class Claims {
  public:
    explicit Claims(const Campaign& campaign)
        : campaign_(fs::path(campaign.path).filename().string()),
          folder_(campaign.output),
          path_(folder_ + "/.stages/outputs") {
        std::ifstream file(path_);
        is_all_claimed_ = !file && is_folder(folder_ + "/.stages");
        for (std::string line; std::getline(file, line);) {
            lines_.insert(line);
        }
    }

    bool has(const Part& part, const std::string& path) const {
        return is_all_claimed_ || lines_.contains(line_of(part, path));
    }

    /// Whether this is the folder of an earlier version, which kept no list: all is claimed then.
    bool is_unlisted() const { return is_all_claimed_; }

    void add(const std::vector<Part>& parts) const {
        std::string more;
        for (const Part& part : parts) {
            for (const Output& output : part.outputs) {
                const std::string line = line_of(part, output.path);
                if (is_within(output.path) && !lines_.contains(line)) {
                    more += line + "\n";
                }
            }
        }
        if (!more.empty()) {
            base::make_folder(folder_ + "/.stages");
            const base::Descriptor file(path_, O_WRONLY | O_CREAT | O_APPEND);
            // At its end, wherever that is by now.
            base::write_at(file, path_, 0, std::as_bytes(std::span(more)));
        }
    }

  private:
    bool is_within(const std::string& path) const { return path.starts_with(folder_ + "/"); }
    std::string line_of(const Part& part, const std::string& path) const {
        return campaign_ + " " + part.name + " " +
               (is_within(path) ? path.substr(folder_.size() + 1) : path);
    }

    std::string campaign_;
    std::string folder_;
    std::string path_;
    bool is_all_claimed_ = false;
    std::set<std::string> lines_;
};

/// Whether the campaign file alone says what the catalogue is made of: then the next catalogue of
/// this name is the campaign's new one, even if it is of other maps or a new model.
bool is_catalogue_of_campaign(const Campaign& campaign) {
    return std::ranges::none_of(campaign.positions, [](const auto& position) {
        const auto& [key, place] = position;
        return place.starts_with("--set") &&
               (key.starts_with("detect.maps") || key.starts_with("detect.model"));
    });
}

/// Whether the output folder is a campaign's; the command line alone gives one that is the user's.
bool is_own_folder(const Campaign& campaign) {
    return !campaign.path.empty();
}

/// What the names of all that belongs to a catalogue begin with: its own without .h5, so that no
/// two catalogues share it.
std::string stem_of(const std::string& catalogue) {
    const fs::path path(catalogue);
    return path.extension() == ".h5" ? (path.parent_path() / path.stem()).string() : catalogue;
}

}  // namespace

bool begins_with(const std::string& path, const std::string& bytes) {
    return base::first_bytes(path, bytes.size()) == bytes;
}

std::string run_folder(const std::string& catalogue) {
    return stem_of(base::link_target(catalogue)) + ".run";
}

std::string lock_path(const std::string& catalogue) {
    return stem_of(base::link_target(catalogue)) + ".lock";
}

ExportPaths export_paths(const Campaign& campaign, const std::string& format) {
    const std::string stem = stem_of(pipeline::catalogue_path(campaign));
    ExportPaths paths;
    if (format == "csv") {
        paths.csv = stem + ".csv";
    } else if (format == "fits") {
        paths.fits = stem + ".fits";
    } else if (format == "ds9") {
        paths.ds9 = stem + ".reg";
    }
    for (std::size_t i = 0; i < map_exports.size(); ++i) {
        if (format == map_exports[i].name) {
            paths.maps[i] = stem + "-" + format;
        }
    }
    return paths;
}

std::string pictures_folder(const Campaign& campaign) {
    return stem_of(pipeline::catalogue_path(campaign)) + "-pictures";
}

std::string tile_map_path(const catalogue::Catalogue& catalogue,
                          std::int32_t map,
                          const std::string& folder_path,
                          const MapExport& quantity) {
    return base::text(
        folder_path, "/", pipeline::name_of_map(catalogue, map), "_", quantity.name, ".fits");
}

std::vector<Output> outputs_of_export(const catalogue::Catalogue& catalogue,
                                      const ExportPaths& paths) {
    std::vector<Output> outputs;
    if (!paths.csv.empty()) {
        outputs.push_back({.path = paths.csv, .objection = catalogue::objection_to_csv});
    }
    if (!paths.fits.empty()) {
        outputs.push_back({.path = paths.fits, .objection = [](const std::string& there) {
                               return image::objection_to_fits(there, image::FitsContent::table);
                           }});
    }
    if (!paths.ds9.empty()) {
        outputs.push_back({.path = paths.ds9, .objection = catalogue::objection_to_ds9});
    }
    for (std::size_t i = 0; i < map_exports.size(); ++i) {
        const std::string& images = paths.maps[i];
        if (images.empty()) {
            continue;
        }
        outputs.push_back(folder(images));
        // Where there is no folder yet there is nothing to replace.
        const std::size_t n_maps = is_folder(images) ? catalogue.maps.size() : 0;
        for (std::size_t map = 0; map < n_maps; ++map) {
            outputs.push_back(fits_image(
                tile_map_path(catalogue, static_cast<std::int32_t>(map), images, map_exports[i])));
        }
    }
    return outputs;
}

std::vector<Output> outputs_of_pictures(const catalogue::Catalogue& catalogue,
                                        const std::string& folder_path) {
    std::vector<Output> outputs{folder(folder_path)};
    if (!is_folder(folder_path)) {
        return outputs;
    }
    std::set<std::string> maps;
    for (std::size_t map = 0; map < catalogue.maps.size(); ++map) {
        maps.insert(pipeline::name_of_map(catalogue, static_cast<std::int32_t>(map)));
    }
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_path, none)) {
        const std::string name = entry.path().filename().string();
        if (name.ends_with(".png") && maps.contains(name.substr(0, name.rfind("_field_")))) {
            outputs.push_back(picture_file(entry.path().string()));
        }
    }
    return outputs;
}

std::vector<std::string> inputs_of_catalogue(const std::string& path,
                                             const catalogue::Catalogue& catalogue) {
    std::vector<std::string> inputs{path};
    for (const catalogue::MapRecord& map : catalogue.maps) {
        const std::vector<std::string> places = pipeline::places_of_map(catalogue, path, map);
        inputs.insert(inputs.end(), places.begin(), places.end());
    }
    return inputs;
}

void check_campaign_outputs(const comm::Communicator& communicator,
                            const Campaign& campaign,
                            Work work,
                            base::Overwrite overwrite) {
    comm::on_root(communicator, [&] {
        std::vector<Part> parts = parts_of(campaign, work);
        const Claims claims(campaign);
        std::vector<std::string> inputs;
        if (!campaign.path.empty()) {
            inputs.push_back(campaign.path);
        }
        std::vector<Output> all;
        for (Part& part : parts) {
            // What a stage before this one has made may be an input from here on.
            inputs.insert(inputs.end(), part.inputs.begin(), part.inputs.end());
            base::check_apart(part.outputs, inputs);
            for (Output& output : part.outputs) {
                const bool is_catalogue = output.path == pipeline::catalogue_path(campaign);
                if (is_own_folder(campaign) && output.kind == Output::Kind::file &&
                    claims.has(part, output.path) &&
                    (!is_catalogue || is_catalogue_of_campaign(campaign))) {
                    output.objection = [](const std::string&) { return ""; };
                }
            }
            append(all, std::move(part.outputs));
        }
        base::check_outputs(all, {}, overwrite);
    });
}

void claim_campaign_outputs(const comm::Communicator& communicator,
                            const Campaign& campaign,
                            Work work) {
    comm::on_root(communicator, [&] {
        if (!is_own_folder(campaign)) {
            return;
        }
        const Claims claims(campaign);
        claims.add(parts_of(campaign, work));
        if (claims.is_unlisted()) {
            Campaign whole = campaign;
            whole.stages.assign(all_stages.begin(), all_stages.end());
            claims.add(parts_of(whole, Work::stages));
        }
    });
}

}  // namespace faintweb::apps
