// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/outputs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

#include "lib/base/file.h"
#include "mpi/pipeline/output_kinds.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/stages.h"
#include "mpi/pipeline/sweep/sweep.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;
using base::Output;
using campaign::Campaign;

/// The files of a part of a campaign.
struct Part {
    std::string name;  ///< in the list of claims
    std::vector<Output> outputs;
    std::vector<std::string> inputs;
};

Part part_of_stage(const Campaign& campaign, const Stage& stage) {
    Part part{campaign::stage_name(stage.name), stage.outputs(campaign), stage.inputs(campaign)};
    part.outputs.push_back(note(stamp_path(campaign, stage)));
    return part;
}

std::vector<Part> parts_of(const Campaign& campaign, Work work) {
    std::vector<Part> parts;
    if (work == Work::sweep) {
        parts.push_back(part_of_stage(campaign, simulate_stage));
        // Trains and scores in folders of its own.
        parts.push_back({"sweep", outputs_of_sweep(campaign), train_stage.inputs(campaign)});
    } else {
        for (const campaign::Stage name : campaign.stages) {
            parts.push_back(part_of_stage(campaign, stage_of(name)));
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

}  // namespace

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
                const bool is_catalogue = output.path == catalogue_path(campaign);
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
            whole.stages.clear();
            for (const Stage* stage : all_stages) {
                whole.stages.push_back(stage->name);
            }
            claims.add(parts_of(whole, Work::stages));
        }
    });
}

}  // namespace faintweb::pipeline
