// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "lib/campaign/checks.h"
#include "lib/campaign/sweep.h"
#include "lib/learn/network.h"

namespace faintweb::campaign {
namespace {

/// Each value of a list makes trainings of its own.
template <typename T>
void check_once(const Checked& checked, const std::string& key, const std::vector<T>& values) {
    for (std::size_t i = 1; i < values.size(); ++i) {
        const auto end = std::next(values.begin(), static_cast<std::ptrdiff_t>(i));
        if (std::find(values.begin(), end, values[i]) != end) {
            checked.add({fmt::format("{}[{}]", key, i), key},
                        fmt::format("{} names item {} twice", key, i),
                        "one training would be done and counted twice", "remove one of the two");
        }
    }
}

/// What a list names is not the variants' to say.
void check_own_settings(const Checked& checked, const Variant& variant, const std::string& item) {
    const SweepSettings& sweep = checked.campaign.sweep;
    for (const auto& [key, value] : variant.settings) {
        const std::string leaf = key.substr(key.find('.') + 1);
        if ((leaf == "network" && !sweep.network.empty()) ||
            (leaf == "scaling" && !sweep.scaling.empty()) ||
            (leaf == "batch_size" && !sweep.batch_size.empty()) ||
            (leaf == "learning_rate" && !sweep.learning_rate.empty()) ||
            (leaf == "epochs" && !sweep.epochs.empty())) {
            checked.add({item, "sweep.variants"},
                        fmt::format("variant {} sets {}", variant.name, key),
                        fmt::format("sweep.{} names values for all variants", leaf),
                        "leave one of the two out");
        }
    }
}

/// A network learns only so many label rules at once.
///
/// @param variant  as of check_training().
void check_rules(const Checked& checked, const Campaign& campaign, const std::string& variant) {
    Campaign training = campaign;
    take_rules_of_sweep(training);
    const auto n_rules = std::ssize(label_rules(training));
    if (n_rules > learn::max_rules) {
        checked.add(
            {variant, "label.rules", "train.joint"},
            (variant.empty() ? "" : variant + ": ") + "train.joint is true",
            fmt::format(
                "label, label.rules and sweep name {} label rules, a network learns at most {}",
                n_rules, learn::max_rules),
            "shorten label.rules, or sweep.min_pixels or sweep.flux_threshold_jy_arcsec2");
    }
}

void check_variants(const Checked& checked) {
    const SweepSettings& sweep = checked.campaign.sweep;
    std::vector<std::string> names;
    for (const Variant& variant : sweep.variants) {
        names.push_back(variant.name);
        const std::string item = fmt::format("sweep.variants[{}]", names.size() - 1);
        check_own_settings(checked, variant, item);
        // One without settings is the campaign itself.
        if (!variant.settings.empty()) {
            Campaign changed = checked.campaign;
            apply_variant(changed, variant);
            check_training(checked, changed, item);
            check_rules(checked, changed, item);
        }
    }
    check_once(checked, "sweep.variants", names);
    if (!sweep.reference.empty() &&
        std::find(names.begin(), names.end(), sweep.reference) == names.end()) {
        const std::string meant = nearest(sweep.reference, names);
        checked.add({"sweep.reference"}, "sweep.reference is " + shown(sweep.reference),
                    "no variant has this name",
                    meant.empty() ? "name one of sweep.variants" : "did you mean " + meant + "?");
    }
}

}  // namespace

void check_sweep(const Checked& checked) {
    const SweepSettings& sweep = checked.campaign.sweep;
    check_once(checked, "sweep.network", sweep.network);
    check_once(checked, "sweep.scaling", sweep.scaling);
    check_once(checked, "sweep.batch_size", sweep.batch_size);
    check_once(checked, "sweep.learning_rate", sweep.learning_rate);
    check_once(checked, "sweep.min_pixels", sweep.min_pixels);
    check_once(checked, "sweep.flux_threshold_jy_arcsec2", sweep.flux_threshold_jy_arcsec2);
    check_once(checked, "sweep.seed", sweep.seed);
    check_once(checked, "sweep.epochs", sweep.epochs);
    check_rules(checked, checked.campaign, "");
    check_variants(checked);
    if (n_sweep_runs(sweep) > max_sweep_runs) {
        checked.add({"sweep"}, fmt::format("sweep makes {:g} trainings", n_sweep_runs(sweep)),
                    fmt::format("more than {:g}", max_sweep_runs), "shorten its lists");
    }
}

}  // namespace faintweb::campaign
