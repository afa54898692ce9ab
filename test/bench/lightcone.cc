// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// How long a lightcone takes, on synthetic maps of the default size, and against the obvious way: a
// 64-point sum for every pixel of a decoded map.
//
//     bench_lightcone [threads [discs of emission in a halo map: 800 cover a tenth of it]]
#include "lib/sky/lightcone/lightcone.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <utility>

#include "lib/base/parallel.h"
#include "lib/base/random.h"

namespace {

using namespace faintweb;

/// Discs of emission, on a background if it is the web.
image::Image synthetic_map(std::int64_t n, bool is_web, int n_discs) {
    image::Image map = image::make_image(n, n, is_web ? 1e-11F : 0.0F);
    base::RandomStream random(1, base::Purpose::test);
    const auto width = static_cast<double>(n);
    for (int disc = 0; disc < n_discs; ++disc) {
        const double x = width * random.uniform_double();
        const double y = width * random.uniform_double();
        const double radius = width / 160;
        const auto low = [&](double c) { return static_cast<std::int64_t>(c - radius); };
        for (std::int64_t row = std::max<std::int64_t>(0, low(y));
             row < std::min(n, low(y + 2 * radius)); ++row) {
            for (std::int64_t col = std::max<std::int64_t>(0, low(x));
                 col < std::min(n, low(x + 2 * radius)); ++col) {
                const double r =
                    std::hypot(static_cast<double>(col) - x, static_cast<double>(row) - y) / radius;
                map.at(row, col) += r < 1 ? static_cast<float>(1e-7 * (1 - r * r)) : 0.0F;
            }
        }
    }
    return map;
}

template <typename Work>
double seconds_of(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

image::Image plain_slab(const sky::SkySettings& settings,
                        const sky::Slab& slab,
                        const sky::SlabView& view,
                        const image::Image& map,
                        int n_threads) {
    image::Image out = image::make_image(settings.size_px, settings.size_px);
    const double step = settings.pixel_arcsec / 206264.806247 * slab.middle_mpc / slab.box_mpc *
                        static_cast<double>(map.cols);
    const double middle = (static_cast<double>(settings.size_px) - 1) / 2;
    const auto spline = [](double d) {
        d = std::fabs(d);
        return d < 1   ? (4 - 6 * d * d + 3 * d * d * d) / 6
               : d < 2 ? (2 - d) * (2 - d) * (2 - d) / 6
                       : 0.0;
    };
    const auto weight = [&](double d) {
        return (54 * spline(d) - 10 * (spline(d - 1) + spline(d + 1)) + spline(d - 2) +
                spline(d + 2)) /
               36;
    };
    const auto wrap = [&](double c) {
        const auto n = map.cols;
        return ((static_cast<std::int64_t>(c) % n) + n) % n;
    };
    base::parallel_for(n_threads, static_cast<std::size_t>(out.rows), [&](std::size_t row) {
        for (std::int64_t col = 0; col < out.cols; ++col) {
            const auto box_px = static_cast<double>(map.cols) / slab.box_mpc;
            const double x =
                view.shift_columns_mpc * box_px - 0.5 +
                (static_cast<double>(col) - middle) * step * (view.flip_columns ? -1 : 1);
            const double y = view.shift_rows_mpc * box_px - 0.5 +
                             (static_cast<double>(row) - middle) * step * (view.flip_rows ? -1 : 1);
            double sum = 0;
            for (int j = -3; j <= 4; ++j) {
                for (int i = -3; i <= 4; ++i) {
                    const double bx = std::floor(x) + i;
                    const double by = std::floor(y) + j;
                    sum +=
                        weight(x - bx) * weight(y - by) *
                        (view.transpose ? map.at(wrap(bx), wrap(by)) : map.at(wrap(by), wrap(bx)));
                }
            }
            out.at(static_cast<std::int64_t>(row), col) = static_cast<float>(std::max(0.0, sum));
        }
    });
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    const int n_threads = argc > 1 ? std::atoi(argv[1]) : base::n_available_cores();
    const int n_discs = argc > 2 ? std::atoi(argv[2]) : 800;
    const sky::Cosmology cosmology;
    sky::SkySettings settings;
    const sky::BoxSettings boxes;
    std::map<bool, sky::CodedMap> maps;
    for (const bool is_web : {true, false}) {
        const image::Image map =
            synthetic_map(is_web ? boxes.web_map_px : boxes.map_px, is_web, n_discs);
        const double seconds = seconds_of([&] { maps[is_web] = sky::encode(map, n_threads); });
        std::printf("encode %lld^2: %.2f s\n", static_cast<long long>(map.rows), seconds);
    }
    double copying = 0;
    const sky::BoxSource source{[&](const sky::Slab&, int, int, sky::Layer layer) {
                                    sky::CodedMap map;
                                    copying +=
                                        seconds_of([&] { map = maps[layer == sky::Layer::web]; });
                                    return map;
                                },
                                [](const sky::Slab&, int) { return std::vector<sky::BoxHalo>{}; }};
    const auto slabs = sky::plan_slabs(cosmology, settings, boxes);
    const auto views = sky::draw_views(boxes, slabs, 1, 0, sky::SkySet::train);

    std::printf("slab   z    box Mpc  transposed  web s  halo s (one layer of two)\n");
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        std::array<double, 2> seconds{};
        for (const sky::Layer layer : {sky::Layer::web, sky::Layer::inside_r100}) {
            seconds[layer == sky::Layer::web ? 0 : 1] = seconds_of([&] {
                sky::assemble_slab(settings, slabs[s], views[s], source, std::array{layer},
                                   n_threads);
            });
        }
        std::printf("%4zu %.3f %8.0f %8d %9.2f %7.2f\n", s, slabs[s].z, slabs[s].box_mpc,
                    views[s].transpose ? 1 : 0, seconds[0], seconds[1]);
    }
    copying = 0;
    const std::clock_t start = std::clock();
    const double seconds = seconds_of([&] {
        sky::assemble_lightcone(cosmology, settings, slabs, views, source, sky::KeepLayers::no,
                                n_threads);
    });
    std::printf(
        "lightcone %lld^2, %zu slabs, %d threads: %.2f s (%.2f s of cores), of which %.2f s "
        "copying maps\n",
        static_cast<long long>(settings.size_px), slabs.size(), n_threads, seconds,
        static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, copying);

    const image::Image decoded = sky::decode(maps[false], n_threads);
    settings.xi_e = 1;
    settings.size_px = 1500;  // the plain way is slow
    image::Image ours;
    image::Image plain;
    const double ours_s = seconds_of([&] {
        ours = sky::assemble_slab(settings, slabs[8], views[8], source,
                                  std::array{sky::Layer::inside_r100}, n_threads);
    });
    const double plain_s =
        seconds_of([&] { plain = plain_slab(settings, slabs[8], views[8], decoded, n_threads); });
    double worst = 0;
    for (std::size_t i = 0; i < ours.pixels.size(); ++i) {
        worst = std::max(worst, std::fabs(double{ours.pixels[i]} - double{plain.pixels[i]}));
    }
    std::printf(
        "one halo layer of 1500^2: %.3f s, the plain way %.2f s: ratio %.1f; differ by %.1e of "
        "1e-7\n",
        ours_s, plain_s, plain_s / ours_s, worst / 1e-7);
}
