// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/paths.h"

#include <filesystem>
#include <map>

#include <fmt/core.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/version.h"

namespace faintweb::pipeline {

int n_mocks(const campaign::Campaign& campaign, sky::SkySet set) {
    return set == sky::SkySet::test ? campaign.simulate.n_test : campaign.simulate.n_train;
}

std::string mock_path(const campaign::Campaign& campaign,
                      sky::SkySet set,
                      const std::string& kind,
                      int number,
                      const std::string& ending) {
    return fmt::format("{}/{}/{}_{:05}{}", campaign::skies_folder(campaign),
                       set == sky::SkySet::train ? "train" : "test", kind, number, ending);
}

std::string sky_path(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    return mock_path(campaign, set, "sky", number, ".fits");
}

std::string noise_path(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    return mock_path(campaign, set, "noise", number, ".fits");
}

std::string halo_path(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    return mock_path(campaign, set, "haloes", number, ".csv");
}

std::string identity_of(const std::string& path) {
    const std::string stamp = base::file_stamp(path);
    return std::filesystem::is_regular_file(path)
               ? fmt::format("{}, pieces {}", stamp, base::sha256_of_pieces(path))
               : stamp;
}

std::string mock_skies_state(const campaign::Campaign& campaign) {
    std::string state =
        base::version() + "\n" +
        campaign::settings_text(campaign, {"seed", "cosmology", "boxes", "sky", "snapshot",
                                           "point_sources", "observation"}) +
        fmt::format("layers {:d}\n", campaign.simulate.layers);
    for (const int slab : campaign.simulate.slabs) {
        state += fmt::format("slab {}\n", slab);
    }
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        for (const std::string& file : campaign::sky_files(campaign, set).files) {
            state += fmt::format("made from {}\n", identity_of(file));
        }
    }
    return state;
}

namespace {

/// @param of_what  "", or "_epoch_N".
std::string model_path(const campaign::Campaign& campaign, const std::string& of_what) {
    return campaign.output + "/model" + campaign::rule_suffix(campaign) + of_what + ".safetensors";
}

}  // namespace

std::string model_path(const campaign::Campaign& campaign) {
    return model_path(campaign, "");
}

std::string model_file(const campaign::Campaign& campaign, const std::string& name) {
    return name == campaign::trained_model ? model_path(campaign) : name;
}

std::string epoch_model_path(const campaign::Campaign& campaign, int epoch) {
    return model_path(campaign, fmt::format("_epoch_{}", epoch));
}

std::vector<std::string> models_of_training(const campaign::Campaign& campaign) {
    std::vector<std::string> paths;
    campaign::Campaign of_rule = campaign;
    for (const label::LabelRule& rule : campaign::label_rules(campaign)) {
        of_rule.label = rule;
        paths.push_back(model_path(of_rule));
        for (const int epoch : campaign.train.keep_epochs) {
            if (epoch <= campaign.train.epochs) {
                paths.push_back(epoch_model_path(of_rule, epoch));
            }
        }
    }
    return paths;
}

std::string catalogue_path(const campaign::Campaign& campaign) {
    return campaign.output + "/" + campaign.detect.catalogue;
}

std::string milestones_path(const campaign::Campaign& campaign) {
    return campaign.output + "/milestones" + campaign::rule_suffix(campaign) + ".json";
}

std::vector<MapPaths> mock_maps(const campaign::Campaign& campaign, sky::SkySet set) {
    const int n_maps = n_mocks(campaign, set);
    std::vector<MapPaths> maps;
    for (int number = 0; number < n_maps; ++number) {
        maps.push_back({noise_path(campaign, set, number), sky_path(campaign, set, number)});
    }
    return maps;
}

std::vector<std::string> files_of_maps(const std::vector<MapPaths>& maps) {
    std::vector<std::string> files;
    for (const MapPaths& paths : maps) {
        files.push_back(paths.map);
        if (!paths.truth.empty()) {
            files.push_back(paths.truth);
        }
    }
    return files;
}

DetectMaps maps_to_detect(const campaign::Campaign& campaign) {
    const campaign::DetectSettings& settings = campaign.detect;
    if (settings.maps.size() == 1 && settings.maps.front() == campaign::simulated_maps) {
        return {mock_maps(campaign, sky::SkySet::test), {}};
    }
    const auto identity = [](const std::string& path) {
        struct stat about {};
        return ::stat(path.c_str(), &about) == 0 ? fmt::format("{} {}", about.st_dev, about.st_ino)
                                                 : path;
    };
    DetectMaps wanted;
    std::map<std::pair<std::string, std::string>, std::string> first_names;
    for (std::size_t i = 0; i < settings.maps.size(); ++i) {
        const MapPaths map{settings.maps[i], settings.truth.empty() ? "" : settings.truth[i]};
        // With another sky image it is another job.
        const auto [first, is_new] =
            first_names.try_emplace({identity(map.map), identity(map.truth)}, map.map);
        if (is_new) {
            wanted.maps.push_back(map);
        } else {
            wanted.repeats.push_back(
                map.map == first->second ? map.map : map.map + " (which is " + first->second + ")");
        }
    }
    return wanted;
}

bool is_in_memory(const campaign::Campaign& campaign, sky::SkySet set) {
    return set == sky::SkySet::train && campaign.train.source == learn::TileSource::simulate;
}

std::string absolute_path(const std::string& path) {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(path, error);
    if (error) {
        return path;  // the current folder has gone
    }
    const std::filesystem::path normal = absolute.lexically_normal();
    return (normal.has_filename() ? normal : normal.parent_path()).string();
}

}  // namespace faintweb::pipeline
