// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"
#include "lib/campaign/keys/swept.h"
#include "lib/learn/network.h"

namespace faintweb::campaign {

void add_evaluate_keys(Keys& keys) {
    using Evaluate = EvaluateSettings;
    Section<Evaluate> section(keys, "evaluate", &Campaign::evaluate,
                              "Scores of the trained network on the test skies.");
    section.key("threshold_finder", &Evaluate::threshold_finder, any_value(), "",
                "Score the best threshold finder too, tuned on the training skies.");
    section
        .key("models", &Evaluate::models, not_empty(), "",
             "Model files, relative to this file's folder, trained alike with other seeds; trained "
             "= the model of the train stage.")
        .input_file();
}

namespace {

using Sweep = SweepSettings;

/// The lists whose combinations are trained.
void add_lists(Section<Sweep>& section) {
    section
        .key("variants", &Sweep::variants, any_value(), "",
             "Settings of the train section that go together, each group under a name of its own.")
        .only_running();
    section.key("network", &Sweep::network, learn::network_names(), "", "Values of train.network.")
        .only_running();
    section.key("scaling", &Sweep::scaling, any_value(), "", "Values of train.scaling.")
        .only_running();
    section
        .key("batch_size", &Sweep::batch_size, batch_sizes(), "tile", "Values of train.batch_size.")
        .only_running();
    section
        .key("learning_rate", &Sweep::learning_rate, learning_rates(), "",
             "Values of train.learning_rate.")
        .only_running();
    section
        .key("min_pixels", &Sweep::min_pixels, pixel_counts(), "pixel",
             "Values of label.min_pixels; with train.joint one network learns every label rule of "
             "the sweep.")
        .only_running();
    section
        .key("flux_threshold_jy_arcsec2", &Sweep::flux_threshold_jy_arcsec2, flux_thresholds(),
             "Jy/arcsec2",
             "Values of label.flux_threshold_jy_arcsec2; with train.joint one network learns every "
             "label rule of the sweep.")
        .only_running();
    section.key("seed", &Sweep::seed, any_value(), "", "Values of train.seed.").only_running();
    section
        .key("epochs", &Sweep::epochs, epoch_counts(), "",
             "Epochs after which each training is evaluated, the last of which ends it; instead of "
             "train.epochs.")
        .only_running();
}

/// How the trainings of a sweep are run and compared.
void add_use(Section<Sweep>& section) {
    section
        .key("reference", &Sweep::reference, any_value(), "",
             "Variant that the others and the threshold finder are compared with, field by field.")
        .only_running();
    section
        .key("group_size", &Sweep::group_size, within(1, 1'000'000), "rank",
             "Number of ranks that share one training; as many groups as there are train at the "
             "same time.")
        .only_running();
}

}  // namespace

void add_sweep_keys(Keys& keys) {
    Section<Sweep> section(keys, "sweep", &Campaign::sweep,
                           "Trainings of `faintweb sweep`: every combination of these lists. An "
                           "empty list leaves the key of its name as it is.");
    add_lists(section);
    add_use(section);
}

}  // namespace faintweb::campaign
