// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/sweep.h"

#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/campaign/value.h"
#include "lib/learn/network.h"

namespace faintweb::campaign {
namespace {

Campaign parse(const std::string& sweep) {
    return parse_campaign("name: t\noutput: out\nstages: [train]\nsweep:\n" + sweep, "c.yaml", {});
}

std::string fault_in(const std::string& sweep) {
    try {
        parse(sweep);
    } catch (const base::UsageError& error) {
        return error.what();
    }
    return "no fault";
}

TEST(sweep, without_lists_is_the_campaigns_own_training) {
    const auto runs = sweep_runs(parse(""));
    ASSERT_EQ(runs.size(), 1);
    EXPECT_EQ(runs[0].name, "run");
    EXPECT_EQ(runs[0].campaign.output, "out/runs/run");
    EXPECT_EQ(runs[0].milestones, std::vector{Campaign{}.train.epochs});
    EXPECT_TRUE(runs[0].campaign.train.keep_epochs.empty());
    EXPECT_EQ(settings_text(runs[0].campaign, {"train", "label"}),
              settings_text(Campaign{}, {"train", "label"}));
    EXPECT_EQ(skies_folder(runs[0].campaign), "out/skies");
}

TEST(sweep, looks_at_the_epochs_that_are_kept_where_it_names_none) {
    const auto runs =
        sweep_runs(parse("  variants: [{name: a}, {name: b, train.epochs: 4}]\n"
                         "train: {epochs: 9, keep_epochs: [5, 3]}\n"));
    EXPECT_EQ(runs.at(0).milestones, (std::vector{3, 5, 9}));
    EXPECT_EQ(runs.at(0).campaign.train.keep_epochs, (std::vector{3, 5}));
    EXPECT_EQ(runs.at(1).milestones, (std::vector{3, 4}));
}

TEST(sweep, one_joint_training_gives_the_runs_of_all_its_label_rules) {
    const Campaign campaign = parse(
        "  variants: [{name: each}, {name: all, train.joint: true}]\n"
        "  min_pixels: [40, 9]\n"
        "  flux_threshold_jy_arcsec2: [1e-7, 0.1e-7]\n"
        "  seed: [1, 2]\n");
    std::set<std::string> names;
    std::set<std::string> joint_trainings;
    for (const SweepRun& run : sweep_runs(campaign)) {
        names.insert(run.name);
        EXPECT_EQ(run.training.output, run.campaign.output);
        if (run.variant == "each") {
            EXPECT_EQ(run.campaign.output, "out/runs/" + run.name);
            EXPECT_EQ(dump(run.training), dump(run.campaign));
            EXPECT_EQ(label_rules(run.training), std::vector{run.campaign.label});
            continue;
        }
        joint_trainings.insert(dump(run.training));
        EXPECT_EQ(run.training.output,
                  "out/runs/all_seed" + std::to_string(run.campaign.train.seed));
        EXPECT_EQ(run.name, "all_" + rule_name(run.campaign.label) + "_seed" +
                                std::to_string(run.campaign.train.seed));
        EXPECT_EQ(
            label_rules(run.training),
            (std::vector<label::LabelRule>{{40, 1e-7}, {40, 0.1e-7}, {9, 1e-7}, {9, 0.1e-7}}));
    }
    EXPECT_EQ(names.size(), 16);
    EXPECT_EQ(joint_trainings.size(), 2);
}

TEST(sweep, makes_every_combination_once_and_trains_to_the_last_milestone) {
    const Campaign campaign = parse(
        "  variants:\n"
        "    - {name: deep, train.network: cosmodeep, train.scaling: paper}\n"
        "    - {name: small, train.network: cosmodeep_spp, train.noise_per_signal: 3}\n"
        "  batch_size: [15, 100]\n"
        "  learning_rate: [1e-5, 7e-5, 1e-3]\n"
        "  min_pixels: [40, 9]\n"
        "  flux_threshold_jy_arcsec2: [1e-7, 0.1e-7]\n"
        "  seed: [1, 2, 3]\n"
        "  epochs: [50, 10, 20]\n");
    EXPECT_EQ(n_sweep_runs(campaign.sweep), 144);
    const auto runs = sweep_runs(campaign);
    ASSERT_EQ(runs.size(), 144);
    std::set<std::string> names;
    std::set<std::string> settings;
    for (const SweepRun& run : runs) {
        names.insert(run.name);
        settings.insert(settings_text(run.campaign, {"train", "label"}));
        EXPECT_EQ(run.milestones, (std::vector{10, 20, 50}));
        EXPECT_EQ(run.campaign.train.epochs, 50);
        EXPECT_EQ(run.campaign.train.keep_epochs, (std::vector{10, 20}));
        EXPECT_EQ(run.campaign.output, "out/runs/" + run.name);
        EXPECT_EQ(run.campaign.train.network,
                  run.variant == "deep" ? "cosmodeep" : "cosmodeep_spp");
        EXPECT_EQ(run.campaign.train.noise_per_signal, run.variant == "deep" ? 1 : 3);
    }
    EXPECT_EQ(names.size(), 144);
    EXPECT_EQ(settings.size(), 144);
    EXPECT_TRUE(names.contains("deep_nb15_lr7e-05_npix40_fth1e-08_seed3"));
    EXPECT_EQ(runs.front().set_up, "deep_nb15_lr1e-05");
    // Each can be run on its own from its folder.
    const Campaign again = parse_campaign(dump(runs[77].campaign), "c.yaml", {});
    EXPECT_EQ(dump(again), dump(runs[77].campaign));
}

TEST(sweep, learns_the_rules_of_the_label_section_too) {
    const std::string label =
        "train: {joint: true}\n"
        "label: {min_pixels: 4, rules: [{min_pixels: 2, flux_threshold_jy_arcsec2: 1e-7}]}\n";
    const auto runs = sweep_runs(parse("  min_pixels: [40, 9]\n" + label));
    ASSERT_EQ(runs.size(), 2);
    for (const SweepRun& run : runs) {
        EXPECT_EQ(label_rules(run.training),
                  (std::vector<label::LabelRule>{{40, 1e-7}, {9, 1e-7}, {2, 1e-7}}));
    }
    // A sweep of something else.
    EXPECT_EQ(label_rules(sweep_runs(parse("  seed: [1, 2]\n" + label)).at(1).training),
              (std::vector<label::LabelRule>{{4, 1e-7}, {2, 1e-7}}));
}

TEST(sweep, is_refused_by_what_trains_the_train_section_alone) {
    const std::string rules =
        "  min_pixels: [40, 9]\n  flux_threshold_jy_arcsec2: [1e-7, 0.5e-7]\n";
    const auto refusal = [](const Campaign& campaign) {
        return refusal_without_sweep(campaign, "run");
    };
    const std::string other_trainings =
        "c.yaml:4:1: the sweep names other trainings than run makes (it takes the train section "
        "alone), use faintweb sweep, or make the skies alone with --set stages=[simulate]";
    EXPECT_EQ(refusal(Campaign{}), "");
    EXPECT_EQ(refusal(parse("  group_size: 2\n")), "");
    EXPECT_EQ(refusal(parse(rules)), other_trainings);
    EXPECT_EQ(refusal(parse(rules + "  seed: [1, 2]\ntrain: {joint: true}\n")), other_trainings);
    EXPECT_EQ(refusal(parse("  variants: [{name: a}]\ntrain: {joint: true}\n")), other_trainings);
    EXPECT_EQ(refusal(parse("  epochs: [5]\n")), other_trainings);
    EXPECT_EQ(refusal(parse("train: {joint: true}\n")), "");
    // Where the label rules of a joint training stood once. What is advised means the same.
    const std::string moved = refusal(parse(rules + "train: {joint: true}\n"));
    const std::string advised =
        "label: {rules: [{min_pixels: 40, flux_threshold_jy_arcsec2: 1e-07}, {min_pixels: 40, "
        "flux_threshold_jy_arcsec2: 5e-08}, {min_pixels: 9, flux_threshold_jy_arcsec2: 1e-07}, "
        "{min_pixels: 9, flux_threshold_jy_arcsec2: 5e-08}]}";
    EXPECT_EQ(moved,
              "c.yaml:5:15: sweep.min_pixels names label rules for train.joint (they moved to "
              "label.rules), give " +
                  advised + " and no sweep, or use faintweb sweep");
    EXPECT_EQ(label_rules(parse("train: {joint: true}\n" + advised + "\n")),
              label_rules(sweep_runs(parse(rules + "train: {joint: true}\n")).at(0).training));
}

TEST(sweep, variants_read_back_as_they_are_printed) {
    const Campaign campaign = parse(
        "  variants: [{name: a, train.learning_rate: 1e-4}, {name: b-2}]\n"
        "  reference: b-2\n");
    const Campaign again = parse_campaign(dump(campaign), "c.yaml", {});
    ASSERT_EQ(again.sweep.variants.size(), 2);
    EXPECT_EQ(again.sweep.variants, campaign.sweep.variants);
    EXPECT_EQ(again.sweep.reference, "b-2");
}

TEST(sweep, faults_name_their_place_and_what_was_meant) {
    const auto expect = [](const std::string& sweep, const std::string& fault) {
        EXPECT_EQ(fault_in(sweep), fault);
    };
    expect("  variants: [{name: a, train.netwrk: cosmodeep}]\n",
           "c.yaml:5:24: sweep.variants is a variant with 'train.netwrk' (neither its name nor a "
           "key of the train section that a variant may set), did you mean train.network?");
    expect("  variants: [{name: a, network: cosmodeep}]\n",
           "c.yaml:5:24: sweep.variants is a variant with 'network' (neither its name nor a key of "
           "the train section that a variant may set), did you mean train.network?");
    expect("  variants: [{name: a, train.network: cosmodep}]\n",
           fmt::format("c.yaml:5:39: sweep.variants is a variant whose train.network is 'cosmodep' "
                       "(not among {}), did you mean cosmodeep?",
                       either(learn::network_names())));
    expect("  variants: [{train.network: cosmodeep}]\n",
           "c.yaml:5:14: sweep.variants is a variant without a name (its results would have "
           "none), give one, for instance {name: wide, train.learning_rate: 1e-4}");
    expect("  variants: [{name: ../a}]\n",
           "c.yaml:5:21: sweep.variants is a variant named '../a' (the name becomes part of a "
           "folder's), use letters, digits, _ and -");
    expect("  variants: [{name: a, name: b}]\n",
           "c.yaml:5:24: sweep.variants is a variant that gives 'name' twice (only one can hold), "
           "remove one of the two");
    expect("  variants: [{name: a}, {name: a}]\n",
           "c.yaml:5:25: sweep.variants names item 1 twice (one training would be done and "
           "counted twice), remove one of the two");
    expect("  learning_rate: [1e-4, 0.0001]\n",
           "c.yaml:5:25: sweep.learning_rate names item 1 twice (one training would be done and "
           "counted twice), remove one of the two");
    expect("  variants: [{name: a, train.epochs: 3}]\n  epochs: [1, 2]\n",
           "c.yaml:5:14: variant a sets train.epochs (sweep.epochs names values for all "
           "variants), leave one of the two out");
    expect("  variants: [{name: faint}]\n  reference: faiint\n",
           "c.yaml:6:14: sweep.reference is 'faiint' (no variant has this name), did you mean "
           "faint?");
    expect("  learning_rates: [1e-4]\n",
           "c.yaml:5:3: unknown key 'sweep.learning_rates' (it would have no effect), did you mean "
           "sweep.learning_rate?");
    // What is refused for a training is refused for that of a variant, where the variant stands.
    expect(
        "  variants: [{name: a, train.joint: true}]\n  min_pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n",
        "c.yaml:5:14: sweep.variants[0]: train.joint is true (label, label.rules and sweep name 9 "
        "label rules, a network learns at most 8), shorten label.rules, or sweep.min_pixels or "
        "sweep.flux_threshold_jy_arcsec2");
    expect("  variants: [{name: a}, {name: b, train.patience: 2}]\n",
           "c.yaml:5:25: sweep.variants[1]: train.patience is 2 (without validation skies no epoch "
           "is better than another), give train.validation_skies");
    expect("  variants: [{name: a, train.choose_threshold: true}]\n",
           "c.yaml:5:14: sweep.variants[0]: train.choose_threshold is true (without validation "
           "skies there is nothing to choose it by), give train.validation_skies");
    expect("  variants: [{name: a, train.validation_skies: 900000}]\n",
           "c.yaml:5:14: sweep.variants[0]: train.validation_skies is 900000 (of " +
               std::to_string(Campaign{}.simulate.n_train) +
               " none would be left to train on), give fewer of them or more skies");
    expect(
        "  variants: [{name: a, train.patience: 2, train.validation_skies: 1}]\n"
        "  epochs: [1, 2]\n",
        "c.yaml:5:14: sweep.variants[0]: train.patience is 2 (training may end before an epoch "
        "that sweep.epochs names), leave one of the two out");
    expect("  epochs: [1, 2]\ntrain: {patience: 2, validation_skies: 1}\n",
           "c.yaml:6:19: train.patience is 2 (training may end before an epoch that sweep.epochs "
           "names), leave one of the two out");
    expect("  seed: [1, 2]\ntrain: {patience: 2, validation_skies: 1, keep_epochs: [3]}\n",
           "c.yaml:6:19: train.patience is 2 (training may end before an epoch that "
           "train.keep_epochs names), leave one of the two out");
    expect("  seed: [1, 2]\ntrain: {patience: 2, validation_skies: 1}\n", "no fault");
    std::string seeds = "  seed: [0";
    for (int seed = 1; seed < 400; ++seed) {
        seeds += ", " + std::to_string(seed);
    }
    std::string pixels = "  min_pixels: [0";
    for (int n = 1; n < 400; ++n) {
        pixels += ", " + std::to_string(n);
    }
    expect(seeds + "]\n" + pixels + "]\n",
           "c.yaml:4:1: sweep makes 160000 trainings (more than 100000), shorten its lists");
}

}  // namespace
}  // namespace faintweb::campaign
