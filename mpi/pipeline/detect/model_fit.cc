// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/model_fit.h"

#include <algorithm>

#include <fmt/core.h>

#include "lib/base/log.h"
#include "lib/catalogue/field_rows.h"

namespace faintweb::pipeline {
namespace {

/// Maps that one warning names.
constexpr std::size_t most_named = 5;

std::string and_more(std::size_t n) {
    return n > most_named ? fmt::format(" and {} more", n - most_named) : "";
}

}  // namespace

ModelFit fit_of(const learn::Model& model,
                const campaign::DetectSettings& settings,
                const image::MapInfo& info) {
    ModelFit fit;
    std::string reasons;
    std::string words;
    for (const learn::Mismatch& mismatch :
         learn::check_model_fits(model, info.pixel_shape, info.beam)) {
        fit.flags |=
            mismatch.what == "pixel" ? catalogue::pixel_mismatch : catalogue::beam_mismatch;
        if (std::ranges::count(settings.accept_mismatch, mismatch.what) == 0) {
            reasons += (reasons.empty() ? "" : ", ") + mismatch.reason;
            words += (words.empty() ? "" : ",") + mismatch.what;
        }
    }
    if (!reasons.empty()) {
        fit.refusal = fmt::format("{}: {}; use a model for such maps, or --accept-mismatch {}",
                                  info.path, reasons, words);
    }
    return fit;
}

void warn_of_repeats(const std::vector<std::string>& repeats) {
    std::string named;
    for (std::size_t i = 0; i < std::min(repeats.size(), most_named); ++i) {
        named += (i == 0 ? "" : ", ") + repeats[i];
    }
    if (!repeats.empty()) {
        base::log_warning(fmt::format(
            "detect: named twice: {}{} (what is found there would be counted twice), done once",
            named, and_more(repeats.size())));
    }
}

void warn_of_mismatches(const FieldPlan& plan, const learn::Model& model) {
    std::string misfits;
    std::size_t n_misfits = 0;
    for (const PlannedMap& map : plan.maps) {
        if (!map.failure.empty()) {
            continue;
        }
        std::string reasons;
        for (const learn::Mismatch& mismatch :
             learn::check_model_fits(model, map.info.pixel_shape, map.info.beam)) {
            reasons += (reasons.empty() ? "" : ", ") + mismatch.reason;
        }
        if (!reasons.empty() && ++n_misfits <= most_named) {
            misfits += (misfits.empty() ? "" : "; ") + map.info.path + ": " + reasons;
        }
    }
    if (n_misfits > 0) {
        base::log_warning(
            fmt::format("detect: a mismatch is accepted: {}{}; rows are flagged (nobody has tested "
                        "what the model makes of such maps)",
                        misfits, and_more(n_misfits)));
    }
}

std::vector<catalogue::MapRecord> map_records(const FieldPlan& plan,
                                              const learn::Model& model,
                                              const campaign::DetectSettings& settings) {
    std::vector<std::int32_t> n_fields(plan.maps.size(), 0);
    for (const PlannedField& field : plan.fields) {
        ++n_fields[field.map.place()];
    }
    std::vector<catalogue::MapRecord> records;
    for (catalogue::MapId number; number.place() < plan.maps.size(); ++number) {
        const PlannedMap& map = plan.maps[number.place()];
        if (map.failure.empty()) {
            records.push_back(catalogue::make_map_record(number, map.info, n_fields[number.place()],
                                                         fit_of(model, settings, map.info).flags,
                                                         map.noise, map.mesh()));
        } else {
            base::log_warning("not used: " + map.failure);
            records.push_back(catalogue::make_failed_map(number, map.info.path, map.failure));
        }
    }
    return records;
}

}  // namespace faintweb::pipeline
