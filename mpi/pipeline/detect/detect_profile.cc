// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/detect_profile.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "lib/base/stopwatch.h"
#include "lib/learn/device.h"

namespace faintweb::pipeline {
namespace {

constexpr std::array stage_names = {
    "read, hash", "unit", "outside, noise", "statistics, sums", "scaling, network", "rows"};
constexpr std::size_t network_stage = 4;

/// GB/s at which one core copies what no cache holds, bytes read and written.
double measure_copy() {
    constexpr std::size_t n = std::size_t{64} << 20;
    const std::vector<char> from(n, 1);
    std::vector<char> to(n, 0);
    double best_s = 1e30;
    for (int round = 0; round < 4; ++round) {
        base::Stopwatch stopwatch;
        std::memcpy(to.data(), from.data(), n);
        best_s = std::min(best_s, stopwatch.lap());
    }
    return to[n / 2] * 2e-9 * static_cast<double>(n) / best_s;
}

}  // namespace

void DetectProfile::add(const FieldPixels& pixels,
                        const infer::FieldAnswer& answer,
                        double rows_s) {
    const std::array<double, n_stages> spent = {pixels.read_s,    pixels.unit_s,    pixels.noise_s,
                                                answer.numbers_s, answer.network_s, rows_s};
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < n_stages; ++i) {
        seconds_[i] += spent[i];
    }
    ++n_fields_;
    n_tiles_ += static_cast<std::int64_t>(answer.sums.size());
    n_bytes_ += static_cast<std::int64_t>(pixels.wide.pixels.size() * sizeof(float));
}

std::string DetectProfile::table(const comm::Communicator& communicator,
                                 const DetectPhases& phases,
                                 const learn::NetworkInfo& network,
                                 const infer::Classifier& classifier) const {
    // Stages, then fields, tiles, bytes, and the seconds that all threads had.
    std::vector<double> all(seconds_.begin(), seconds_.end());
    all.insert(all.end(), {static_cast<double>(n_fields_), static_cast<double>(n_tiles_),
                           static_cast<double>(n_bytes_),
                           // A rank that only hands out has no threads at work.
                           n_fields_ > 0 ? phases.fields_s * phases.fields_at_once : 0});
    communicator.sum(std::span(all));
    if (!communicator.is_root()) {
        return "";
    }
    const double n_fields = std::max(1.0, all[n_stages]);
    const double n_tiles = all[n_stages + 1];
    const double n_bytes = all[n_stages + 2];
    const double had_s = std::max(1e-9, all[n_stages + 3]);
    const double copy = measure_copy();
    const learn::Precision precision = classifier.precision();
    const double product = learn::measure_matrix_product(classifier.device(), precision);
    static_assert(stage_names.size() == n_stages);
    std::string table =
        fmt::format("{:20}{:>11}{:>11}   speed of a thread\n", "stage of a field", "ms", "share");
    double worked_s = 0;
    for (std::size_t i = 0; i < n_stages; ++i) {
        const double seconds = all[i];
        worked_s += seconds;
        table += fmt::format("{:20}{:11.2f}{:9.1f} %   ", stage_names[i], 1e3 * seconds / n_fields,
                             100 * seconds / had_s);
        const double thread_s = i == network_stage ? seconds * phases.threads_per_field : seconds;
        if (seconds > 0 && i == network_stage) {
            // Of its plain sums: with Winograd's fewer products it may be over 100 %.
            const double tflops = n_tiles * network.mflop_per_tile * 1e-6 / thread_s;
            table += fmt::format(
                "{:.0f} tiles/s, {:.1f} % of the {:.3f} TFLOP/s of a matrix product in {}",
                n_tiles / thread_s, 100 * tflops / product, product,
                learn::precision_name(precision));
        } else if (seconds > 1e-6 * n_fields) {
            table += fmt::format("{:.1f} GB/s", 1e-9 * n_bytes / seconds);
        }
        table += "\n";
    }
    table += fmt::format("{:20}{:11.2f}{:9.1f} %\n", "waiting for fields",
                         1e3 * (had_s - worked_s) / n_fields, 100 * (had_s - worked_s) / had_s);
    table += fmt::format("a core copies {:.1f} GB/s\n", copy);
    return table +
           fmt::format("seconds: to begin {:.2f}, fields {:.2f} ({:.1f}/s), catalogue {:.2f}",
                       phases.begin_s, phases.fields_s, n_fields / phases.fields_s, phases.merge_s);
}

}  // namespace faintweb::pipeline
