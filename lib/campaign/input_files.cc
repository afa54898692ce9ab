// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/input_files.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/core.h>

#include "lib/campaign/faults.h"

namespace faintweb::campaign {

namespace fs = std::filesystem;

std::string reserved_word(const std::string& key) {
    return key == "detect.maps"                                ? simulated_maps
           : key == "detect.model" || key == "evaluate.models" ? trained_model
                                                               : "";
}

SkyFiles sky_files(const Campaign& campaign, sky::SkySet set) {
    for (const SourceKeys& source : file_sources) {
        if (campaign.sky.source != source.source) {
            continue;
        }
        const auto& test_files = campaign.sky.*source.test_files;
        if (set == sky::SkySet::test && (campaign.simulate.n_train > 0 || !test_files.empty())) {
            return {source.test_key, test_files};
        }
        return {source.key, campaign.sky.*source.files};
    }
    return {};
}

bool makes_skies(const Campaign& campaign, sky::SkySet set) {
    const bool writes = campaign.has_stage(Stage::simulate);
    if (set == sky::SkySet::test || campaign.train.source == learn::TileSource::files) {
        return writes;
    }
    return campaign.has_stage(Stage::train) ||
           (campaign.has_stage(Stage::evaluate) && campaign.evaluate.threshold_finder);
}

void check_files(const Campaign& campaign) {
    Faults faults;
    const auto check = [&](const std::string& key, const std::string& path) {
        if (path == reserved_word(key.substr(0, key.find('[')))) {
            return;
        }
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        const bool is_readable =
            fs::is_regular_file(status) && std::ifstream(path, std::ios::binary).is_open();
        const char* const why = !fs::exists(status)            ? "there is no file of this name"
                                : fs::is_directory(status)     ? "it is a folder"
                                : !fs::is_regular_file(status) ? "it is no regular file"
                                                               : "its permissions forbid it";
        if (!is_readable) {
            faults.add(position_of(campaign, key), key + " cannot be read: " + one_line(path), why,
                       "correct the path (in a campaign file it starts from the file's folder, "
                       "after --set from the current one)");
        }
    };
    const auto check_all = [&](const std::string& key, const std::vector<std::string>& files) {
        for (std::size_t i = 0; i < files.size(); ++i) {
            check(fmt::format("{}[{}]", key, i), files[i]);
        }
    };
    // The snapshots of both sets share their slabs: skies of either need all of them.
    const bool needs_all =
        campaign.sky.source == sky::SkySource::hdf5 &&
        (makes_skies(campaign, sky::SkySet::train) || makes_skies(campaign, sky::SkySet::test));
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        if (makes_skies(campaign, set) || needs_all) {
            const SkyFiles named = sky_files(campaign, set);
            check_all(named.key, named.files);
        }
    }
    if (campaign.has_stage(Stage::detect)) {
        check_all("detect.maps", campaign.detect.maps);
        check_all("detect.truth", campaign.detect.truth);
        check("detect.model", campaign.detect.model);
    }
    if (campaign.has_stage(Stage::evaluate)) {
        check_all("evaluate.models", campaign.evaluate.models);
    }
    faults.throw_if_any();
}

}  // namespace faintweb::campaign
