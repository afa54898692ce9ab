// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/campaign/faults.h"

// What no key can see alone: values that do not go together.
namespace faintweb::campaign {

/// A campaign that is checked, and what is wrong with it.
struct Checked {
    const Campaign& campaign;
    Faults& faults;

    /// The position of the first of these keys that was given; the others have their defaults.
    std::string place_of(const std::vector<std::string>& keys) const;
    /// Adds a fault at place_of(keys).
    void add(const std::vector<std::string>& keys,
             const std::string& problem,
             const std::string& why,
             const std::string& what_to_do) const;
};

/// Adds a fault for everything that does not go together.
void check_settings(const Campaign& campaign, Faults& faults);

/// Checks the train section with what it needs of others.
///
/// @param campaign  the checked one, or as a variant of its sweep changes it.
/// @param variant   key of the variant, which then stands before the fault; empty for the campaign
///                  itself.
void check_training(const Checked& checked, const Campaign& campaign, const std::string& variant);

/// Checks the sweep section, and each training that it makes.
void check_sweep(const Checked& checked);

}  // namespace faintweb::campaign
