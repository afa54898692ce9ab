// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/campaign/campaign.h"

namespace faintweb::campaign {

/// The keys of a source that list its files.
struct SourceKeys {
    sky::SkySource source;
    const char* name;
    const char* key;
    std::vector<std::string> sky::SkySettings::*files;
    const char* test_key;
    std::vector<std::string> sky::SkySettings::*test_files;
};

inline constexpr SourceKeys file_sources[] = {
    {sky::SkySource::hdf5, "hdf5", "sky.snapshots", &sky::SkySettings::snapshots,
     "sky.test_snapshots", &sky::SkySettings::test_snapshots},
    {sky::SkySource::fits, "fits", "sky.maps", &sky::SkySettings::maps, "sky.test_maps",
     &sky::SkySettings::test_maps}};

/// The word that is no file name as a value of this key; empty if there is none.
std::string reserved_word(const std::string& key);

}  // namespace faintweb::campaign
