// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys.h"

#include <algorithm>
#include <utility>

#include "lib/base/contract.h"
#include "lib/campaign/keys/sections.h"

namespace faintweb::campaign {

Keys::Keys() {
    add_top_keys(*this);
    add_cosmology_keys(*this);
    add_boxes_keys(*this);
    add_sky_keys(*this);
    add_snapshot_keys(*this);
    add_point_sources_keys(*this);
    add_observation_keys(*this);
    add_label_keys(*this);
    add_simulate_keys(*this);
    add_train_keys(*this);
    add_evaluate_keys(*this);
    add_sweep_keys(*this);
    add_detect_keys(*this);
    add_parallel_keys(*this);
    add_image_keys(*this);
}

const Keys& Keys::all() {
    static const Keys keys;
    return keys;
}

void Keys::add_section(SectionHelp section) {
    FAINTWEB_EXPECTS(!has_section(section.name));
    sections_.push_back(std::move(section));
}

Key& Keys::add(Key key) {
    FAINTWEB_EXPECTS(find(key.name) == nullptr);
    list_.push_back(std::move(key));
    return list_.back();
}

const Key* Keys::find(const std::string& name) const {
    const auto found =
        std::find_if(list_.begin(), list_.end(), [&](const Key& key) { return key.name == name; });
    return found == list_.end() ? nullptr : &*found;
}

bool Keys::has_section(const std::string& name) const {
    return std::any_of(sections_.begin(), sections_.end(), [&](const SectionHelp& section) {
        return !name.empty() && section.name == name;
    });
}

std::string Key::section() const {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string Key::leaf() const {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
}

}  // namespace faintweb::campaign
