// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/provenance.h"

#include <array>
#include <ctime>
#include <set>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/version.h"
#include "lib/campaign/value.h"
#include "lib/catalogue/maps.h"
#include "lib/infer/precision.h"
#include "lib/learn/model.h"
#include "lib/tile/scaling.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/io/versions.h"
#include "mpi/pipeline/catalogue_maps.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::pipeline {

std::string now_text() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 32> buffer{};
    std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return buffer.data();
}

std::string kernels_of_ranks(const comm::Communicator& communicator,
                             const infer::Classifier& classifier) {
    const std::vector<std::string> all =
        communicator.all_gather(infer::kernels_of(classifier.device(), classifier.precision()));
    const std::set<std::string> different(all.begin(), all.end());
    std::string joined;
    for (const std::string& kernels : different) {
        joined += (joined.empty() ? "" : ", ") + kernels;
    }
    if (communicator.is_root() && different.size() > 1) {
        base::log_warning("detect: ranks have different processors: " + joined +
                          " (their scores differ in the last bits, and so may the digests of two "
                          "runs), run on one kind for a catalogue that can be repeated");
    }
    return joined;
}

catalogue::Provenance make_provenance(const comm::Communicator& communicator,
                                      const campaign::Campaign& campaign,
                                      const LoadedModel& loaded,
                                      const std::string& kernels,
                                      const FieldPlan& plan,
                                      const std::string& started) {
    const auto& [model, classifier] = loaded;
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    catalogue::Provenance provenance;
    // Overrides and defaults count as much as the file.
    provenance.campaign_text =
        campaign.text + "# All settings in effect:\n" + campaign::dump(campaign);
    provenance.model_sha256 = model.sha256;
    provenance.device = classifier.device().kind == learn::DeviceKind::cpu ? "cpu" : "cuda";
    provenance.precision = learn::precision_name(classifier.precision());
    provenance.settings =
        campaign::result_settings(campaign, {"detect", "field_px"}, campaign::InputNames::left_out);
    for (auto& [name, value] : provenance.settings) {
        if (name == "detect.precision") {
            value = provenance.precision;  // not "auto"
        } else if (name == "detect.threshold" && !campaign.detect.threshold) {
            value = campaign::print_double(model.threshold);
        }
    }
    provenance.settings.emplace_back("model.tile_px", fmt::format("{}", model.tile_px));
    provenance.settings.emplace_back("model.scaling", tile::scaling_name(model.scaling));
    // Probabilities follow from scores by it, also without the model file.
    provenance.settings.emplace_back(catalogue::calibration_keys[0],
                                     campaign::print_double(model.calibration.scale));
    provenance.settings.emplace_back(catalogue::calibration_keys[1],
                                     campaign::print_double(model.calibration.offset));
    provenance.settings.emplace_back(compact_sources_key, learn::compact_sources_word(model));
    provenance.versions = {{"faintweb", base::version()},
                           {"torch", learn::torch_version()},
                           {"mpi", io::library_versions()}};
    provenance.run = {{"host", host.data()},
                      {"started", started},
                      {"kernels", kernels},
                      {"ranks", fmt::format("{}", communicator.size())},
                      {"threads", fmt::format("{}", threads_of_rank(campaign, communicator))},
                      {io::folder_key, absolute_path(".")}};
    for (const PlannedMap& map : plan.maps) {
        provenance.map_headers.push_back(map.info.header_cards);
    }
    return provenance;
}

std::string run_hash_of(const catalogue::Provenance& provenance, const std::string& kernels) {
    std::string state =
        fmt::format("{} {}\n{}\n{} {} {}\n", base::version(), catalogue::format_version,
                    provenance.model_sha256, provenance.device, provenance.precision, kernels);
    for (const auto& [name, value] : provenance.settings) {
        state += fmt::format("{} {}\n", name, value);
    }
    return base::sha256(state);
}

}  // namespace faintweb::pipeline
