// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/sweep.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/campaign/value.h"

namespace faintweb::campaign {
namespace {

/// What a run is while it is put together.
struct Draft {
    Campaign campaign;
    std::string variant;
    /// Parts of the name.
    std::vector<std::string> set_up, rule, seed;
};

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : "_") + part;
    }
    return text;
}

std::string name_of(const std::vector<std::vector<std::string>>& groups) {
    std::vector<std::string> parts;
    for (const std::vector<std::string>& group : groups) {
        parts.insert(parts.end(), group.begin(), group.end());
    }
    return parts.empty() ? "run" : joined(parts);
}

/// Makes of each draft one for each value; none of a key that is not swept.
template <typename T>
void multiply(std::vector<Draft>& drafts,
              const std::vector<T>& values,
              const std::function<void(Draft&, const T&)>& apply) {
    if (values.empty()) {
        return;
    }
    std::vector<Draft> product;
    for (const Draft& draft : drafts) {
        for (const T& value : values) {
            apply(product.emplace_back(draft), value);
        }
    }
    drafts = std::move(product);
}

/// Sizes of the lists whose combinations are the runs.
std::array<std::size_t, 8> sizes_of(const SweepSettings& sweep) {
    return {sweep.variants.size(),
            sweep.network.size(),
            sweep.scaling.size(),
            sweep.batch_size.size(),
            sweep.learning_rate.size(),
            sweep.min_pixels.size(),
            sweep.flux_threshold_jy_arcsec2.size(),
            sweep.seed.size()};
}

/// How many lists are not empty.
std::ptrdiff_t n_of_lists(const SweepSettings& sweep) {
    return std::ranges::count_if(sizes_of(sweep), [](std::size_t size) { return size > 0; });
}

/// Every combination of the lists, as settings of a campaign and parts of a name.
std::vector<Draft> make_drafts(const Campaign& campaign) {
    const SweepSettings& sweep = campaign.sweep;
    std::vector<Draft> drafts(1);
    drafts[0].campaign = campaign;
    // Once for all drafts: each is copied many times.
    drafts[0].campaign.sweep = {};
    drafts[0].campaign.text.clear();
    drafts[0].campaign.positions.clear();
    drafts[0].campaign.stages = {Stage::train, Stage::evaluate};
    drafts[0].campaign.simulate.folder = skies_folder(campaign);

    multiply<Variant>(drafts, sweep.variants, [](Draft& draft, const Variant& variant) {
        apply_variant(draft.campaign, variant);
        draft.variant = variant.name;
        draft.set_up.push_back(variant.name);
    });
    multiply<std::string>(drafts, sweep.network, [](Draft& draft, const std::string& network) {
        draft.campaign.train.network = network;
        draft.set_up.push_back(network);
    });
    multiply<tile::Scaling>(drafts, sweep.scaling, [](Draft& draft, const tile::Scaling& scaling) {
        draft.campaign.train.scaling = scaling;
        draft.set_up.push_back(tile::scaling_name(scaling));
    });
    multiply<int>(drafts, sweep.batch_size, [](Draft& draft, const int& size) {
        draft.campaign.train.batch_size = size;
        draft.set_up.push_back("nb" + std::to_string(size));
    });
    multiply<double>(drafts, sweep.learning_rate, [](Draft& draft, const double& rate) {
        draft.campaign.train.learning_rate = rate;
        draft.set_up.push_back("lr" + print_double(rate));
    });
    multiply<int>(drafts, sweep.min_pixels, [](Draft& draft, const int& n) {
        draft.campaign.label.min_pixels = n;
        draft.rule.push_back("npix" + std::to_string(n));
    });
    multiply<double>(drafts, sweep.flux_threshold_jy_arcsec2,
                     [](Draft& draft, const double& threshold) {
                         draft.campaign.label.flux_threshold_jy_arcsec2 = threshold;
                         draft.rule.push_back("fth" + print_double(threshold));
                     });
    multiply<std::uint64_t>(drafts, sweep.seed, [](Draft& draft, const std::uint64_t& seed) {
        draft.campaign.train.seed = seed;
        draft.seed.push_back("seed" + std::to_string(seed));
    });
    return drafts;
}

/// The epochs after which a training is looked at, ascending.
std::vector<int> milestones_of(const SweepSettings& sweep, const learn::TrainSettings& train) {
    std::vector<int> milestones = sweep.epochs;
    if (sweep.epochs.empty()) {
        milestones = train.keep_epochs;
        std::erase_if(milestones, [&](int epoch) { return epoch >= train.epochs; });
        milestones.push_back(train.epochs);
    }
    std::sort(milestones.begin(), milestones.end());
    milestones.erase(std::unique(milestones.begin(), milestones.end()), milestones.end());
    return milestones;
}

}  // namespace

std::string refusal_without_sweep(const Campaign& campaign, const std::string& command) {
    const SweepSettings& sweep = campaign.sweep;
    if (sweep.epochs.empty() && n_of_lists(sweep) == 0) {
        return {};
    }
    SweepSettings without_rules = sweep;
    without_rules.min_pixels.clear();
    without_rules.flux_threshold_jy_arcsec2.clear();
    if (campaign.train.joint && sweep.epochs.empty() && n_of_lists(without_rules) == 0) {
        Campaign moved = campaign;
        take_rules_of_sweep(moved);
        const char* const key =
            sweep.min_pixels.empty() ? "sweep.flux_threshold_jy_arcsec2" : "sweep.min_pixels";
        return fmt::format(
            "{}: {} names label rules for train.joint (they moved to label.rules), give label: "
            "{{rules: {}}} and no sweep, or use faintweb sweep",
            position_of(campaign, key), key, print_value(moved.joint_rules));
    }
    return fmt::format(
        "{}: the sweep names other trainings than {} makes (it takes the train section alone), use "
        "faintweb sweep, or make the skies alone with --set stages=[simulate]",
        position_of(campaign, "sweep"), command);
}

void take_rules_of_sweep(Campaign& campaign) {
    const SweepSettings& sweep = campaign.sweep;
    if (sweep.min_pixels.empty() && sweep.flux_threshold_jy_arcsec2.empty()) {
        return;
    }
    std::vector<int> min_pixels = sweep.min_pixels;
    std::vector<double> thresholds = sweep.flux_threshold_jy_arcsec2;
    if (min_pixels.empty()) {
        min_pixels = {campaign.label.min_pixels};
    }
    if (thresholds.empty()) {
        thresholds = {campaign.label.flux_threshold_jy_arcsec2};
    }
    std::vector<label::LabelRule> rules;
    for (const int n : min_pixels) {
        for (const double threshold : thresholds) {
            rules.push_back({n, threshold});
        }
    }
    campaign.label = rules.front();
    rules.insert(rules.end(), campaign.joint_rules.begin(), campaign.joint_rules.end());
    campaign.joint_rules = std::move(rules);
}

double n_sweep_runs(const SweepSettings& sweep) {
    double n = 1;
    for (const std::size_t size : sizes_of(sweep)) {
        n *= static_cast<double>(std::max<std::size_t>(size, 1));
    }
    return n;
}

std::vector<SweepRun> sweep_runs(const Campaign& campaign) {
    FAINTWEB_EXPECTS(n_sweep_runs(campaign.sweep) <= max_sweep_runs);
    Campaign joint = campaign;
    take_rules_of_sweep(joint);
    std::vector<SweepRun> runs;
    for (Draft& draft : make_drafts(campaign)) {
        SweepRun run;
        run.set_up = joined(draft.set_up);
        run.variant = draft.variant;
        run.name = name_of({draft.set_up, draft.rule, draft.seed});
        run.campaign = std::move(draft.campaign);
        const bool is_joint = run.campaign.train.joint;
        const std::string training = is_joint ? name_of({draft.set_up, draft.seed}) : run.name;
        run.campaign.name = campaign.name + " " + training;
        run.campaign.output = campaign.output + "/runs/" + training;
        run.milestones = milestones_of(campaign.sweep, run.campaign.train);
        run.campaign.train.epochs = run.milestones.back();
        run.campaign.train.keep_epochs.assign(run.milestones.begin(), run.milestones.end() - 1);
        if (is_joint) {
            run.campaign.joint_rules = joint.joint_rules;
        }
        run.training = run.campaign;
        if (is_joint) {
            run.training.label = joint.label;
        }
        runs.push_back(std::move(run));
    }
    return runs;
}

}  // namespace faintweb::campaign
