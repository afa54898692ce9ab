// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/score/history.h"

#include <cmath>

#include <fmt/core.h>

namespace faintweb::score {

Validation validate(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    const Confusion half = count_outcomes(scores, labels, 0.5);
    const BestThreshold best = best_threshold(scores, labels);
    return {half.a_s(), half.w_s(), half.w_v(), best.confusion.a_s(), best.threshold};
}

double rating_of(const EpochRecord& record, bool choose_threshold) {
    if (!record.validation) {
        return -1;
    }
    const double a_s = choose_threshold ? record.validation->best_a_s : record.validation->a_s;
    return std::isnan(a_s) ? -1 : a_s;
}

int best_epoch(const std::vector<EpochRecord>& history, bool choose_threshold) {
    int best = 0;
    double highest = -1;
    for (const EpochRecord& record : history) {
        if (const double rating = rating_of(record, choose_threshold); rating > highest) {
            best = record.epoch;
            highest = rating;
        }
    }
    return best;
}

bool is_out_of_patience(const std::vector<EpochRecord>& history,
                        bool choose_threshold,
                        int patience) {
    const int best = best_epoch(history, choose_threshold);
    return patience > 0 && best > 0 && history.back().epoch - best >= patience;
}

std::string history_csv(const std::vector<EpochRecord>& history) {
    std::string csv =
        "epoch,steps,learning_rate,loss,accuracy,A_s,W_s,W_v,best_A_s,best_threshold\n";
    for (const EpochRecord& record : history) {
        csv += fmt::format("{},{},{:g},{:g},{:g}", record.epoch, record.n_steps,
                           record.learning_rate, record.loss, record.accuracy);
        if (const auto& validation = record.validation) {
            csv += fmt::format(",{:g},{:g},{:g},{:g},{:g}\n", validation->a_s, validation->w_s,
                               validation->w_v, validation->best_a_s, validation->best_threshold);
        } else {
            csv += ",,,,,\n";
        }
    }
    return csv;
}

std::string timing_csv(const std::vector<EpochTiming>& timings) {
    std::string csv = "epoch,train_s,tiles_per_s,exchange_s,reduce_s,validate_s\n";
    for (const EpochTiming& timing : timings) {
        csv +=
            fmt::format("{},{:g},{:g},{:g},{:g},{:g}\n", timing.epoch, timing.train_s,
                        timing.tiles_per_s, timing.exchange_s, timing.reduce_s, timing.validate_s);
    }
    return csv;
}

}  // namespace faintweb::score
