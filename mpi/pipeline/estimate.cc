// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/estimate.h"

#include <algorithm>

#include "lib/tile/grid.h"
#include "mpi/pipeline/boxes.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/sky_maps.h"

namespace faintweb::pipeline {

SkyWork work_on_map(const campaign::Campaign& campaign, std::int64_t cols, std::int64_t rows) {
    SkyWork work{.n_pixels = cols * rows, .largest_px = cols * rows};
    for (const image::MapWindow& window :
         tile::field_windows(cols, rows, campaign.field_px, campaign.tile_px)) {
        ++work.n_fields;
        work.n_tiles += tile::TileGrid{window.rows, window.cols, campaign.tile_px}.count();
    }
    return work;
}

SkyWork work_on_skies(const campaign::Campaign& campaign, sky::SkySet set) {
    SkyWork all;
    // Skies of one campaign are all alike but where maps are ready.
    const int n_skies = n_mocks(campaign, set);
    const bool is_ready = campaign.sky.source == sky::SkySource::fits;
    const int n_different = is_ready ? n_skies : std::min(n_skies, 1);
    for (int number = 0; number < n_different; ++number) {
        const auto [cols, rows] = size_of_sky(campaign, set, number);
        const SkyWork work = work_on_map(campaign, cols, rows);
        const std::int64_t n_alike = n_skies / n_different;
        all.n_pixels += n_alike * work.n_pixels;
        all.largest_px = std::max(all.largest_px, work.largest_px);
        all.n_fields += n_alike * work.n_fields;
        all.n_tiles += n_alike * work.n_tiles;
    }
    return all;
}

std::optional<BoxEstimate> estimate_boxes(const campaign::Campaign& campaign) {
    const BoxStack stack = stack_boxes(campaign, 1);
    if (stack.store.n_states() == 0) {
        return std::nullopt;
    }
    BoxEstimate boxes;
    boxes.n_states = static_cast<std::int64_t>(stack.store.n_states());
    boxes.n_missing = static_cast<std::int64_t>(stack.store.n_missing_states());
    boxes.folder = campaign.boxes.folder;
    const auto n_missing = static_cast<double>(boxes.n_missing);
    boxes.disk_bytes = n_missing * stack.cost.disk_bytes;
    boxes.memory_bytes = stack.cost.memory_bytes;
    boxes.core_s = n_missing * stack.cost.core_s;
    return boxes;
}

int largest_box_map_px(const campaign::Campaign& campaign) {
    switch (campaign.sky.source) {
        case sky::SkySource::boxes:
            return std::max(campaign.boxes.map_px, campaign.boxes.web_map_px);
        case sky::SkySource::hdf5:
            return campaign.boxes.web_map_px;
        case sky::SkySource::fits:
            break;
    }
    return 0;
}

int size_of_skies_px(const campaign::Campaign& campaign) {
    return campaign.sky.source == sky::SkySource::fits ? 0 : static_cast<int>(campaign.sky.size_px);
}

double sky_core_s(std::int64_t n_pixels) {
    return sky::sky_cost(n_pixels, 0, 0).core_s;
}

}  // namespace faintweb::pipeline
