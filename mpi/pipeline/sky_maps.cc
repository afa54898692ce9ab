// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sky_maps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/units.h"
#include "mpi/pipeline/boxes.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::pipeline {
namespace {

/// Where a campaign names the map that a sky shows, to begin a message with.
std::string place_of_map(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    const campaign::SkyFiles named = campaign::sky_files(campaign, set);
    const std::size_t i = static_cast<std::size_t>(number) % named.files.size();
    return campaign::position_of(campaign, fmt::format("{}[{}]", named.key, i)) + ": ";
}

}  // namespace

image::FitsMap open_sky_map(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    constexpr double same_pixel = 0.01;
    const std::vector<std::string> files = campaign::sky_files(campaign, set).files;
    const std::string& file = files[static_cast<std::size_t>(number) % files.size()];
    const std::string where = place_of_map(campaign, set, number);
    try {
        image::MapOptions options;
        options.only_header = true;
        options.max_unpacked_bytes = campaign.image.max_unpacked_bytes;
        image::FitsMap map = image::FitsMap::open(file, options);
        const image::PixelShape& pixel = map.info().pixel_shape;
        const auto is_same = [&](double edge_arcsec) {
            return std::abs(edge_arcsec / campaign.sky.pixel_arcsec - 1) <= same_pixel;
        };
        if (!is_same(pixel.width_arcsec) || !is_same(pixel.height_arcsec) ||
            pixel.skew_deg > same_pixel * base::deg_per_rad) {
            throw base::UsageError(
                fmt::format("{}{} has pixels of {} (sky.pixel_arcsec is {:g}), give maps of one "
                            "pixel scale and set sky.pixel_arcsec to it",
                            where, file, image::pixel_text(pixel), campaign.sky.pixel_arcsec));
        }
        return map;
    } catch (const base::InputError& error) {
        throw base::UsageError(where + error.what());
    }
}

image::Image read_sky(const campaign::Campaign& campaign,
                      sky::SkySet set,
                      int number,
                      const image::FitsMap& map) {
    const image::MapInfo& info = map.info();
    image::Image sky = map.read({0, 0, info.cols, info.rows});
    if (std::ranges::none_of(sky.pixels, [](float pixel) { return std::isfinite(pixel); })) {
        throw base::UsageError(place_of_map(campaign, set, number) + info.path +
                               " is no sky (all of its pixels are blank), give another");
    }
    for (float& pixel : sky.pixels) {
        pixel = static_cast<float>(pixel * info.jy_arcsec2_per_unit);
    }
    return sky;
}

std::pair<std::int64_t, std::int64_t> size_of_sky(const campaign::Campaign& campaign,
                                                  sky::SkySet set,
                                                  int number) {
    if (campaign.sky.source != sky::SkySource::fits) {
        return {campaign.sky.size_px, campaign.sky.size_px};
    }
    // Skies that were written need their map no more.
    const image::FitsMap map = campaign::makes_skies(campaign, set)
                                   ? open_sky_map(campaign, set, number)
                                   : image::FitsMap::open(sky_path(campaign, set, number));
    return {map.info().cols, map.info().rows};
}

namespace {

/// A file under another name, or a copy of it, is no other universe.
///
/// Files that are not there have been refused before, if they are needed.
void check_all_differ(const campaign::Campaign& campaign) {
    struct Seen {
        std::string item;
        std::string path;
        std::string pieces;
    };
    std::vector<Seen> all;
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        const campaign::SkyFiles named = campaign::sky_files(campaign, set);
        for (std::size_t i = 0; n_mocks(campaign, set) > 0 && i < named.files.size(); ++i) {
            if (!std::filesystem::exists(named.files[i])) {
                continue;
            }
            const Seen file{fmt::format("{}[{}]", named.key, i), named.files[i],
                            base::sha256_of_pieces(named.files[i])};
            for (const Seen& other : all) {
                if (file.pieces == other.pieces &&
                    (std::filesystem::equivalent(file.path, other.path) ||
                     base::sha256_of_file(file.path) == base::sha256_of_file(other.path))) {
                    throw base::UsageError(fmt::format(
                        "{}: {} is the same as {} (each counts as another universe), leave one out",
                        campaign::position_of(campaign, file.item), file.item, other.item));
                }
            }
            all.push_back(file);
        }
    }
}

}  // namespace

void check_sky_files(const campaign::Campaign& campaign) {
    std::vector<sky::SkySet> made;
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        if (campaign::makes_skies(campaign, set)) {
            made.push_back(set);
        }
    }
    if (made.empty()) {
        return;
    }
    for (const std::string& doubt : stack_boxes(campaign, 1).doubts) {
        base::log_warning(doubt);
    }
    if (campaign.sky.source == sky::SkySource::fits) {
        for (const sky::SkySet set : made) {
            const auto n_files = static_cast<int>(campaign::sky_files(campaign, set).files.size());
            for (int number = 0; number < std::min(n_files, n_mocks(campaign, set)); ++number) {
                const image::FitsMap map = open_sky_map(campaign, set, number);
                for (const std::string& note : map.info().notes) {
                    base::log_warning(map.info().path + ": " + note);
                }
            }
        }
    }
    check_all_differ(campaign);
}

}  // namespace faintweb::pipeline
