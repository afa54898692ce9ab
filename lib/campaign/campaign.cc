// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/campaign.h"

#include <algorithm>

#include <fmt/core.h>

#include "lib/campaign/faults.h"

namespace faintweb::campaign {

bool Campaign::has_stage(Stage stage) const {
    return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

const char* stage_name(Stage stage) {
    switch (stage) {
        case Stage::simulate:
            return "simulate";
        case Stage::train:
            return "train";
        case Stage::evaluate:
            return "evaluate";
        case Stage::detect:
            return "detect";
    }
    return "";
}

std::string position_of(const Campaign& campaign, const std::string& key) {
    const auto found = campaign.positions.find(key);
    return found == campaign.positions.end() ? start_of(campaign) : found->second;
}

std::string skies_folder(const Campaign& campaign) {
    return campaign.simulate.folder.empty() ? campaign.output + "/skies" : campaign.simulate.folder;
}

image::MapOptions map_options(const Campaign& campaign) {
    const auto is_forced = [&](const char* fact) {
        return std::ranges::count(campaign.detect.force, fact) > 0;
    };
    return {.beam = campaign.detect.beam,
            .unit = campaign.detect.unit,
            .pixel_arcsec = campaign.detect.pixel_arcsec,
            .force_beam = is_forced("beam"),
            .force_unit = is_forced("unit"),
            .force_pixel = is_forced("pixel"),
            .hdu = campaign.detect.hdu,
            .max_unpacked_bytes = campaign.image.max_unpacked_bytes};
}

std::vector<label::LabelRule> label_rules(const Campaign& campaign) {
    std::vector<label::LabelRule> rules{campaign.label};
    if (campaign.train.joint) {
        for (const label::LabelRule& rule : campaign.joint_rules) {
            if (std::find(rules.begin(), rules.end(), rule) == rules.end()) {
                rules.push_back(rule);
            }
        }
    }
    return rules;
}

std::string rule_name(const label::LabelRule& rule) {
    return fmt::format("npix{}_fth{}", rule.min_pixels,
                       print_double(rule.flux_threshold_jy_arcsec2));
}

std::string rule_suffix(const Campaign& campaign) {
    return campaign.train.joint ? "_" + rule_name(campaign.label) : "";
}

Campaign default_campaign() {
    return {};
}

}  // namespace faintweb::campaign
