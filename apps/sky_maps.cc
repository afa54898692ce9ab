#include "apps/sky_maps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/boxes.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

namespace faintweb::apps {

image::FitsMap open_sky_map(const campaign::Campaign& campaign, MockSet set, int number) {
    constexpr double same_pixel = 0.01;
    const campaign::SkyFiles named = campaign::sky_files(campaign, set);
    const std::size_t i = static_cast<std::size_t>(number) % named.files.size();
    const std::string where =
        campaign::position_of(campaign, base::text(named.key, "[", i, "]")) + ": ";
    try {
        image::MapOptions options;
        options.only_header = true;
        options.max_unpacked_bytes = campaign.image.max_unpacked_bytes;
        image::FitsMap map = image::FitsMap::open(named.files[i], options);
        const double pixel_arcsec = map.info().pixel_arcsec;
        if (!(std::abs(pixel_arcsec / campaign.sky.pixel_arcsec - 1) <= same_pixel)) {
            throw base::UsageError(base::text(where,
                                              named.files[i],
                                              " has pixels of ",
                                              pixel_arcsec,
                                              " arcsec (sky.pixel_arcsec is ",
                                              campaign.sky.pixel_arcsec,
                                              "), give maps of one pixel scale and set "
                                              "sky.pixel_arcsec to it"));
        }
        return map;
    } catch (const base::InputError& error) {
        throw base::UsageError(where + error.what());
    }
}

image::Image read_sky(const image::FitsMap& map) {
    const image::MapInfo& info = map.info();
    image::Image sky = map.read({0, 0, info.cols, info.rows});
    if (std::ranges::none_of(sky.pixels, [](float pixel) { return std::isfinite(pixel); })) {
        throw base::UsageError(info.path +
                               " is no sky (all of its pixels are blank), give another");
    }
    for (float& pixel : sky.pixels) {
        pixel = static_cast<float>(pixel * info.jy_arcsec2_per_unit);
    }
    return sky;
}

std::pair<std::int64_t, std::int64_t> size_of_sky(const campaign::Campaign& campaign,
                                                  MockSet set,
                                                  int number) {
    if (campaign.sky.source != sky::SkySource::fits) {
        return {campaign.sky.size_px, campaign.sky.size_px};
    }
    const image::FitsMap map = open_sky_map(campaign, set, number);
    return {map.info().cols, map.info().rows};
}

namespace {

/// A file under another name, or a copy of it, is no other universe.
void check_all_differ(const campaign::Campaign& campaign, const std::vector<MockSet>& sets) {
    struct Seen {
        std::string item;
        std::string path;
        std::string pieces;
    };
    std::vector<Seen> all;
    for (const MockSet set : sets) {
        const campaign::SkyFiles named = campaign::sky_files(campaign, set);
        for (std::size_t i = 0; n_mocks(campaign, set) > 0 && i < named.files.size(); ++i) {
            const Seen file{base::text(named.key, "[", i, "]"),
                            named.files[i],
                            base::sha256_of_pieces(named.files[i])};
            for (const Seen& other : all) {
                if (file.pieces == other.pieces &&
                    (std::filesystem::equivalent(file.path, other.path) ||
                     base::sha256_of_file(file.path) == base::sha256_of_file(other.path))) {
                    throw base::UsageError(
                        base::text(campaign::position_of(campaign, file.item),
                                   ": ",
                                   file.item,
                                   " is the same as ",
                                   other.item,
                                   " (each counts as another universe), leave one out"));
                }
            }
            all.push_back(file);
        }
    }
}

}  // namespace

void check_sky_files(const campaign::Campaign& campaign) {
    std::vector<MockSet> made;
    for (const MockSet set : {MockSet::train, MockSet::test}) {
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
        for (const MockSet set : made) {
            const auto n_files = static_cast<int>(campaign::sky_files(campaign, set).files.size());
            for (int number = 0; number < std::min(n_files, n_mocks(campaign, set)); ++number) {
                open_sky_map(campaign, set, number);
            }
        }
    }
    check_all_differ(campaign, made);
}

}  // namespace faintweb::apps
