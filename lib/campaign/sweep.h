// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"

namespace faintweb::campaign {

/// One combination of what a sweep names, and the training that it comes from.
struct SweepRun {
    std::string name;     ///< set-up, label rule and seed, as far as they are swept
    std::string set_up;   ///< what is swept but label rule and seed
    std::string variant;  ///< empty without variants
    /// Of this run alone, with output runs/TRAINING in the sweep's: its name, without the label
    /// rule if one training is for all of them (train.joint).
    Campaign campaign;
    /// Of the training: the same for all runs that share it, which differ in campaign.label.
    Campaign training;
    std::vector<int> milestones;  ///< epochs after which it is looked at, ascending, the last last
};

/// A sweep has at most so many runs.
inline constexpr double max_sweep_runs = 100'000;

/// Why a command that makes the training of the train section alone refuses a campaign whose sweep
/// names others.
///
/// @param command  what the user called, such as "run".
/// @return         "PLACE: problem (why), what to do"; empty if nothing is refused.
std::string refusal_without_sweep(const Campaign& campaign, const std::string& command);

/// Gives a campaign the label rules of a joint training of its sweep: the first that the sweep
/// lists as its own, every other that the sweep or label.rules lists beside it.
void take_rules_of_sweep(Campaign& campaign);

/// How many runs a sweep has, without making them.
double n_sweep_runs(const SweepSettings& sweep);

/// Every combination of what campaign.sweep names, those that share their tiles side by side.
///
/// The longest of `sweep.epochs` is what is trained; the models of the others are kept on the way
/// (train.keep_epochs). Without sweep.epochs those that train.keep_epochs names are looked at too.
std::vector<SweepRun> sweep_runs(const Campaign& campaign);

}  // namespace faintweb::campaign
