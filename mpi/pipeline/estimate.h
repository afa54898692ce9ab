// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/sky/lightcone/lightcone.h"

/// What the stages of a campaign would do, and what that takes.
namespace faintweb::pipeline {

/// The box states that a stage would make.
struct BoxEstimate {
    std::int64_t n_states = 0;
    std::int64_t n_missing = 0;
    std::string folder;
    double disk_bytes = 0;
    double memory_bytes = 0;  ///< of a rank
    double core_s = 0;
};

/// The skies that a stage would make.
struct SkyEstimate {
    bool is_in_memory = false;  ///< skies are not written then
    int n_train = 0;
    int n_test = 0;
    int size_px = 0;  ///< edge of a sky; 0: each sky has the size of its ready map
    double disk_bytes = 0;
    double memory_bytes = 0;  ///< of a rank
    double core_s = 0;
};

/// The fields that a stage would work on. What a stage does not do takes nothing.
struct FieldEstimate {
    std::int64_t n_fields = 0;
    std::int64_t n_tiles = 0;
    std::optional<double> sample_bytes = {};  ///< of the memory of all ranks, for tiles to train on
    int epochs = 0;                           ///< that are trained
    std::optional<double> pixel_bytes = {};   ///< of the memory of one rank that has all cores
    std::optional<double> score_bytes = {};   ///< on disk
    std::optional<double> remade_core_s = {};  ///< for training skies that are made once more
};

/// What a stage would do.
struct StageEstimate {
    std::optional<BoxEstimate> boxes = {};
    std::optional<SkyEstimate> skies = {};
    std::vector<std::string> refused_maps = {};  ///< why each would not be used
    std::optional<FieldEstimate> fields = {};
};

/// What working on a set of skies, or on one map, means.
struct SkyWork {
    std::int64_t n_pixels = 0;
    std::int64_t largest_px = 0;  ///< pixels of the largest sky
    std::int64_t n_fields = 0;
    std::int64_t n_tiles = 0;
};

/// The fields and tiles of a map.
SkyWork work_on_map(const campaign::Campaign& campaign, std::int64_t cols, std::int64_t rows);

/// The fields and tiles of all skies of a set.
/// @throws base::UsageError, base::InputError  as size_of_sky().
SkyWork work_on_skies(const campaign::Campaign& campaign, sky::SkySet set);

/// The box states that skies are made from; none where they need no boxes.
std::optional<BoxEstimate> estimate_boxes(const campaign::Campaign& campaign);

/// Edge of the largest map of a box that skies are made from, pixel; 0 where maps are ready.
int largest_box_map_px(const campaign::Campaign& campaign);

/// Edge of every sky, pixel; 0 where maps are ready.
int size_of_skies_px(const campaign::Campaign& campaign);

/// Seconds of one core that making skies takes.
double sky_core_s(std::int64_t n_pixels);

}  // namespace faintweb::pipeline
