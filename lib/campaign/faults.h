// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/campaign/keys.h"

namespace faintweb::campaign {

/// Where a setting of the command line stands.
inline constexpr const char* override_place = "--set";
/// The advice where no nearer one can be given.
inline constexpr const char* list_of_keys = "see --dump-defaults for all keys";

/// Where a fault stands that belongs to no given key.
std::string start_of(const Campaign& campaign);

/// Collects what is wrong with a campaign, so that one run of the program shows all of it.
class Faults {
  public:
    void add(std::string line);
    /// "where: problem (why), what to do".
    void add(const std::string& where,
             const std::string& problem,
             const std::string& why,
             const std::string& what_to_do);
    void add(const Key& key, const Fault& fault);

    /// @throws UsageError  with one line for each of the first 20 faults, if there are any.
    void throw_if_any() const;

  private:
    std::vector<std::string> lines_;
};

}  // namespace faintweb::campaign
