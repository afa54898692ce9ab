// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/source/threshold_finder.h"

#include <algorithm>
#include <map>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/image/smoothing.h"
#include "lib/source/islands.h"
#include "lib/tile/statistics.h"

namespace faintweb::source {

namespace {

/// A smoothed map with what its thresholds are counted in.
struct SmoothedMap {
    image::Image pixels;
    tile::RobustStatistics level;

    Islands islands_above(double k_sigma) const {
        const double threshold =
            static_cast<double>(level.median) + k_sigma * static_cast<double>(level.rms);
        return find_islands(pixels, static_cast<float>(threshold));
    }
};

SmoothedMap smooth_map(const image::Image& noise, double pixel_arcsec, double fwhm_arcsec) {
    SmoothedMap map{.pixels = image::smooth(noise, fwhm_arcsec / pixel_arcsec), .level = {}};
    map.level = tile::robust_statistics(map.pixels.pixels);
    return map;
}

/// How many pixels of each tile belong to islands of at least min_island_pixels[i] pixels.
///
/// @param min_island_pixels  ascending.
/// @return                   [min_island_pixels.size()][n_tiles].
std::vector<std::vector<std::int64_t>> count_island_pixels(const Islands& islands,
                                                           const tile::TileGrid& grid,
                                                           std::span<const int> min_island_pixels) {
    std::vector<std::vector<std::int64_t>> counts(
        min_island_pixels.size(),
        std::vector<std::int64_t>(static_cast<std::size_t>(grid.count())));
    for (const IslandRun& run : islands.runs) {
        const std::int64_t size = islands.islands[static_cast<std::size_t>(run.island)].n_pixels;
        // The last tile of a row or column may overlap the one before it: a pixel counts in both.
        for (std::int64_t tile_row = run.row / grid.tile_px;
             tile_row < grid.n_rows() && grid.first_row(tile_row) <= run.row; ++tile_row) {
            for (std::int64_t tile_col = run.first_col / grid.tile_px;
                 tile_col < grid.n_cols() && grid.first_col(tile_col) < run.end_col; ++tile_col) {
                const std::int64_t first = grid.first_col(tile_col);
                const std::int64_t n = std::min<std::int64_t>(run.end_col, first + grid.tile_px) -
                                       std::max<std::int64_t>(run.first_col, first);
                const std::size_t t = grid.tile(tile_row, tile_col).place();
                for (std::size_t i = 0; i < counts.size() && min_island_pixels[i] <= size; ++i) {
                    counts[i][t] += n;
                }
            }
        }
    }
    return counts;
}

}  // namespace

std::vector<ThresholdFinder> threshold_finder_grid(double beam_fwhm_arcsec) {
    std::vector<ThresholdFinder> finders;
    for (const double smoothing_beams : {0.0, 1.0, 2.0, 3.0, 4.5, 6.0}) {
        for (const double k_sigma : {1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0}) {
            for (const int min_island_pixels : {1, 5, 9, 20, 40, 80, 160}) {
                for (const int min_tile_pixels : {1, 5, 9, 20, 40, 80}) {
                    finders.push_back({.smoothing_fwhm_arcsec = smoothing_beams * beam_fwhm_arcsec,
                                       .k_sigma = k_sigma,
                                       .min_island_pixels = min_island_pixels,
                                       .min_tile_pixels = min_tile_pixels});
                }
            }
        }
    }
    return finders;
}

std::vector<std::uint8_t> find_tiles(const image::Image& noise,
                                     const tile::TileGrid& grid,
                                     double pixel_arcsec,
                                     const ThresholdFinder& finder) {
    FAINTWEB_EXPECTS(noise.rows == grid.field_rows && noise.cols == grid.field_cols);
    const SmoothedMap map = smooth_map(noise, pixel_arcsec, finder.smoothing_fwhm_arcsec);
    const std::vector<std::int32_t> n_blank = tile::count_blanks(noise, grid);
    const auto counts = count_island_pixels(map.islands_above(finder.k_sigma), grid,
                                            std::span(&finder.min_island_pixels, 1));
    std::vector<std::uint8_t> is_signal(counts[0].size());
    for (std::size_t t = 0; t < is_signal.size(); ++t) {
        is_signal[t] = !tile::is_blank_tile(n_blank[t], grid.tile_px) &&
                       counts[0][t] >= finder.min_tile_pixels;
    }
    return is_signal;
}

std::vector<std::vector<score::Confusion>> try_finders(
    const image::Image& noise,
    std::span<const std::vector<std::uint8_t>> labels,
    const tile::TileGrid& grid,
    double pixel_arcsec,
    std::span<const ThresholdFinder> finders) {
    FAINTWEB_EXPECTS(noise.rows == grid.field_rows && noise.cols == grid.field_cols);
    for (const std::vector<std::uint8_t>& of_rule : labels) {
        FAINTWEB_EXPECTS(static_cast<std::int64_t>(of_rule.size()) == grid.count());
    }
    // The finders by smoothing and then by k: all of a leaf share the same islands.
    std::map<double, std::map<double, std::vector<std::size_t>>> finders_by_settings;
    for (std::size_t f = 0; f < finders.size(); ++f) {
        finders_by_settings[finders[f].smoothing_fwhm_arcsec][finders[f].k_sigma].push_back(f);
    }
    const std::vector<std::int32_t> n_blank = tile::count_blanks(noise, grid);

    std::vector<std::vector<score::Confusion>> confusions(
        labels.size(), std::vector<score::Confusion>(finders.size()));
    for (const auto& [fwhm_arcsec, finders_by_k] : finders_by_settings) {
        const SmoothedMap map = smooth_map(noise, pixel_arcsec, fwhm_arcsec);
        for (const auto& [k_sigma, members] : finders_by_k) {
            std::vector<int> sizes;
            for (const std::size_t f : members) {
                sizes.push_back(finders[f].min_island_pixels);
            }
            std::ranges::sort(sizes);
            sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
            const auto counts = count_island_pixels(map.islands_above(k_sigma), grid, sizes);
            for (const std::size_t f : members) {
                const auto size = std::ranges::find(sizes, finders[f].min_island_pixels);
                const std::vector<std::int64_t>& n_pixels =
                    counts[static_cast<std::size_t>(size - sizes.begin())];
                for (std::size_t rule = 0; rule < labels.size(); ++rule) {
                    for (std::size_t t = 0; t < n_blank.size(); ++t) {
                        if (!tile::is_blank_tile(n_blank[t], grid.tile_px)) {
                            confusions[rule][f].add(labels[rule][t] != 0,
                                                    n_pixels[t] >= finders[f].min_tile_pixels);
                        }
                    }
                }
            }
        }
    }
    return confusions;
}

std::size_t best_finder(std::span<const score::Confusion> counts) {
    FAINTWEB_EXPECTS(!counts.empty());
    if (counts[0].n_signal() == 0) {
        throw base::InputError(
            "the threshold finder cannot be tuned (the training fields hold no signal tile, so no "
            "setting is better than another); give more fields or a lower flux threshold");
    }
    std::size_t best = 0;
    for (std::size_t f = 1; f < counts.size(); ++f) {
        if (counts[f].a_s() > counts[best].a_s()) {
            best = f;
        }
    }
    return best;
}

}  // namespace faintweb::source
