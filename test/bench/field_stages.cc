// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What everything but the network costs per field of 2000 x 2000 px, on one core.
//
//     bench_field_stages [rounds]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/hash.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/image/fits_map.h"
#include "lib/image/fits_write.h"
#include "lib/image/opening.h"
#include "lib/image/smoothing.h"
#include "lib/tile/flat.h"
#include "lib/tile/grid.h"
#include "lib/tile/local_rms.h"
#include "lib/tile/opening_filter.h"
#include "lib/tile/scaling.h"
#include "lib/tile/statistics.h"
#include "lib/tile/sums.h"
#include "test/lib/image/made_fits.h"

namespace {

using namespace faintweb;

constexpr std::int64_t edge_px = 2000;

/// Noise with a few bright pixels and a blank corner.
image::Image make_field() {
    image::Image field = image::make_image(edge_px, edge_px);
    base::fill_normal(1, base::Purpose::test, 0, 0, field.pixels.size(), field.pixels.data());
    for (std::size_t i = 0; i < field.pixels.size(); ++i) {
        field.pixels[i] *= i % 997 == 0 ? 1e-5F : 1e-7F;
    }
    for (std::int64_t row = 0; row < 100; ++row) {
        std::ranges::fill(field.row(row).first(100), std::numeric_limits<float>::quiet_NaN());
    }
    return field;
}

/// The obvious ways, of the standard library.
float plain_median(std::vector<float>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return values.size() % 2 == 1 ? *middle
                                  : *std::max_element(values.begin(), middle) / 2 + *middle / 2;
}

tile::RobustStatistics plain_statistics(const image::Image& field) {
    std::vector<float> finite;
    std::ranges::copy_if(field.pixels, std::back_inserter(finite),
                         [](float v) { return std::isfinite(v); });
    const float median = plain_median(finite);
    for (float& value : finite) {
        value = std::fabs(value - median);
    }
    return {median, 1.4826022F * plain_median(finite)};
}

image::Image plain_asinh(const image::Image& field, const tile::RobustStatistics& robust) {
    image::Image scaled = image::make_image(field.rows, field.cols);
    std::ranges::transform(field.pixels, scaled.pixels.begin(), [&](float v) {
        return std::isfinite(v) ? std::asinh((v - robust.median) / robust.rms) : 0.0F;
    });
    return scaled;
}

image::Image plain_log(const image::Image& field) {
    image::Image scaled = image::make_image(field.rows, field.cols);
    std::ranges::transform(field.pixels, scaled.pixels.begin(), [](float v) {
        return std::isfinite(v) ? (std::log10(std::max(v, 1e-11F)) + 11) / 9 : 0.0F;
    });
    return scaled;
}

constexpr std::int64_t map_edge_px = 6000;

/// A map whose pixels are the field's, repeated.
void write_map(const std::string& path, const image::Image& field) {
    image::Image map = image::make_image(map_edge_px, map_edge_px);
    for (std::int64_t row = 0; row < map_edge_px; ++row) {
        for (std::int64_t col = 0; col < map_edge_px; col += edge_px) {
            std::ranges::copy(field.row(row % edge_px), map.row(row).begin() + col);
        }
    }
    image::write_fits(path, map, {.bunit = "Jy/arcsec2", .pixel_arcsec = 5});
}

/// Reads as many bytes as a window of so many columns has, by pread alone.
///
/// @param is_kept  into memory made for all of them, as a result is; else into the 128 KiB that
///                 `cat` uses again and again.
/// @return         one of the bytes.
char plain_read(int file, std::int64_t cols, bool is_kept) {
    constexpr std::size_t cat_bytes = 128 << 10;
    const bool is_one_run = cols == map_edge_px;
    const std::size_t run = (is_one_run ? cols * edge_px : cols) * sizeof(float);
    const std::size_t n_runs = is_one_run ? 1 : edge_px;
    const auto buffer = std::make_unique_for_overwrite<char[]>(is_kept ? run * n_runs : cat_bytes);
    for (std::size_t row = 0; row < n_runs; ++row) {
        for (std::size_t done = 0; done < run;) {
            const std::size_t place = is_kept ? row * run + done : 0;
            const std::size_t n = std::min(run - done, is_kept ? run : cat_bytes);
            const std::size_t offset = row * map_edge_px * sizeof(float) + done;
            const ssize_t n_read = ::pread(file, &buffer[place], n, static_cast<off_t>(offset));
            if (n_read <= 0) {
                std::perror("pread");
                std::exit(1);
            }
            done += static_cast<std::size_t>(n_read);
        }
    }
    return buffer[0];
}

struct Stage {
    std::string name;
    std::function<void()> ours;
    std::function<void()> plain;  ///< none: there is no other way worth naming
};

tile::LocalRms measure(const image::Image& field,
                       const tile::NoiseMesh& mesh,
                       const tile::MapNoise& noise) {
    const image::MapWindow all{0, 0, edge_px, edge_px};
    return tile::measure_local_rms(field, all, all, mesh, noise);
}

double milliseconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return 1e3 * std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median_of(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const int n_rounds = argc > 1 ? std::atoi(argv[1]) : 7;
    base::keep_freed_memory();  // as `faintweb detect` does
    const image::Image field = make_field();
    const tile::TileGrid grid{edge_px, edge_px, 40};
    const tile::FieldStatistics statistics = tile::field_statistics(field);
    const tile::NoiseMesh mesh = tile::make_noise_mesh(6);
    const tile::MapNoise noise{statistics.robust.median, statistics.robust.rms};
    tile::FieldStatistics local = statistics;
    local.noise = {noise, measure(field, mesh, noise)};
    image::Image whole_field = field;
    std::ranges::replace_if(
        whole_field.pixels, [](float value) { return std::isnan(value); }, 0.0F);
    // Results are summed so that none is left out.
    double sum = 0;
    const auto keep = [&](const image::Image& image) {
        sum += static_cast<double>(image.pixels.back());
    };
    const image::TestFolder folder;
    const std::string map_path = folder / "map.fits";
    write_map(map_path, field);
    const image::FitsMap map = image::FitsMap::open(map_path);
    const int map_file = ::open(map_path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto read_ours = [&](std::int64_t cols) {
        return [&, cols] { keep(map.read({map_edge_px - cols, edge_px, cols, edge_px})); };
    };
    const auto read_plainly = [&](std::int64_t cols, bool is_kept) {
        return [&sum, map_file, cols, is_kept] { sum += plain_read(map_file, cols, is_kept); };
    };
    const auto hash_pixels = [&] {
        sum += static_cast<double>(
            base::xxh3_128(std::as_bytes(std::span<const float>(field.pixels)))[0]);
    };
    const auto hash_plainly = [&] {
        base::Sha256 hash;
        hash.add_values(std::span<const float>(field.pixels));
        sum += static_cast<double>(hash.finish()[0]);
    };
    const std::vector<Stage> stages{
        {"reading 2000 of 6000 columns", read_ours(edge_px), read_plainly(edge_px, true)},
        {"  beside cat", read_ours(edge_px), read_plainly(edge_px, false)},
        {"reading all columns", read_ours(map_edge_px), read_plainly(map_edge_px, true)},
        {"  beside cat", read_ours(map_edge_px), read_plainly(map_edge_px, false)},
        {"hash of the window, beside SHA-256", hash_pixels, hash_plainly},
        {"range, median, MAD",
         [&] { sum += static_cast<double>(tile::field_statistics(field).robust.rms); },
         [&] { sum += static_cast<double>(plain_statistics(field).rms); }},
        {"  with sums, beside two passes",
         [&] { sum += tile::field_numbers(field, grid).sums.back().sum; },
         [&] {
             sum += static_cast<double>(tile::field_statistics(field).robust.rms) +
                    tile::sum_tiles(field, grid).back().sum;
         }},
        {"local rms",
         [&] {
             sum += static_cast<double>(measure(field, mesh, noise).at({edge_px / 2, 7}));
         },
         nullptr},
        {"what is flat",
         [&] {
             image::Image copy = field;
             const image::MapWindow all{0, 0, edge_px, edge_px};
             const tile::FlatPairs pairs = tile::count_flat_pairs(copy, all, mesh, noise);
             tile::blank_flat_patches(copy, all, all, mesh, pairs);
             keep(copy);
         },
         [&] { keep(image::Image(field)); }},
        {"opening, box of 12 px", [&] { keep(image::opening(field, 12)); }, nullptr},
        {"smoothing by 18 px", [&] { keep(image::smooth(whole_field, 18)); }, nullptr},
        {"  with blanks", [&] { keep(image::smooth(field, 18)); }, nullptr},
        {"opening filter, beam of 6 px",
         [&] {
             keep(tile::filter_field(field, {0, 0, edge_px, edge_px}, local.noise.rms,
                                     tile::make_opening_filter(6))
                      .diffuse);
         },
         nullptr},
        {"scaling asinh_local",
         [&] { keep(tile::scale_field(field, tile::Scaling::asinh_local, local)); },
         [&] { keep(plain_asinh(field, statistics.robust)); }},
        {"scaling asinh_sigma",
         [&] { keep(tile::scale_field(field, tile::Scaling::asinh_sigma, statistics)); },
         [&] { keep(plain_asinh(field, statistics.robust)); }},
        {"scaling paper", [&] { keep(tile::scale_field(field, tile::Scaling::paper, statistics)); },
         [&] { keep(plain_log(field)); }},
        {"cutting tiles",
         [&] { sum += static_cast<double>(tile::cut_tiles(field, grid, 0, 0).back()); }, nullptr},
        {"sums of tiles", [&] { sum += tile::sum_tiles(field, grid).back().sum; }, nullptr}};
    std::printf("%-30s%12s%12s%10s\n", "ms per field", "ours", "plain", "ratio");
    for (const Stage& stage : stages) {
        std::vector<double> ours;
        std::vector<double> plain;
        std::vector<double> ratios;
        for (int round = 0; round < n_rounds; ++round) {
            ours.push_back(milliseconds_of(stage.ours));
            if (stage.plain) {
                plain.push_back(milliseconds_of(stage.plain));
                ratios.push_back(plain.back() / ours.back());
            }
        }
        std::printf("%-30s%12.2f", stage.name.c_str(), median_of(ours));
        if (stage.plain) {
            std::printf("%12.2f%10.2f", median_of(plain), median_of(ratios));
        }
        std::printf("\n");
    }
    return sum == 0.5 ? 1 : 0;
}
