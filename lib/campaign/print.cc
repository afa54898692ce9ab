// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>

#include "lib/base/contract.h"
#include "lib/campaign/keys.h"

namespace faintweb::campaign {
namespace {

std::string print_campaign(const Campaign& campaign, bool has_help) {
    std::string text;
    const Keys& keys = Keys::all();
    for (const SectionHelp& section : keys.sections()) {
        if (!section.name.empty()) {
            text += has_help ? "\n# " + section.help + "\n" : "";
            text += section.name + ":\n";
        }
        const std::string indent = section.name.empty() ? "" : "  ";
        for (const Key& key : keys.list()) {
            if (key.section() != section.name) {
                continue;
            }
            if (has_help) {
                text += indent + "# " + key.help + " [" + key.type;
                text += key.allowed.empty() ? "" : ": " + key.allowed;
                text += key.unit.empty() ? "" : "; " + key.unit;
                text += key.is_required ? "; required]\n" : "]\n";
            }
            text += indent + key.leaf() + ": " + key.print(campaign) + "\n";
        }
    }
    return text;
}

/// Text in a cell of a Markdown table.
std::string cell(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        escaped += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return " " + escaped + " |";
}

}  // namespace

std::string key_docs() {
    std::string text =
        "# Keys of a campaign file\n\n"
        "Printed by `faintweb --print-docs keys`. A campaign file is YAML: the keys of the top "
        "level, and a mapping\nfor each section. A key that is left out has its default; an "
        "unknown "
        "key is an error. `--set SECTION.KEY=VALUE`\non the command line wins over the file. "
        "Input files that a campaign file names are looked for from its own\nfolder; `output`, "
        "`boxes.folder`, `simulate.folder` and all that `--set` names, from the current folder.\n";
    const Campaign defaults;
    const Keys& keys = Keys::all();
    for (const SectionHelp& section : keys.sections()) {
        text += section.name.empty() ? "\n## Top level\n"
                                     : "\n## " + section.name + "\n\n" + section.help + "\n";
        text +=
            "\n| key | type | range or choices | unit | default | meaning "
            "|\n|---|---|---|---|---|---|\n";
        for (const Key& key : keys.list()) {
            if (key.section() == section.name) {
                text += "|" + cell("`" + key.leaf() + "`") + cell(key.type) + cell(key.allowed) +
                        cell(key.unit) +
                        cell(key.is_required ? "required" : "`" + key.print(defaults) + "`") +
                        cell(key.help) + "\n";
            }
        }
    }
    return text;
}

std::string dump_defaults() {
    return "# faintweb campaign: every key with its default. After its meaning, in brackets: "
           "type,\n"
           "# range or choices, unit. Leave out what you do not change; unknown keys are "
           "errors.\n"
           "# Input files that a campaign file names are looked for from its own folder; output,\n"
           "# boxes.folder, simulate.folder and all that --set names, from the current "
           "folder.\n\n" +
           print_campaign(Campaign(), true);
}

std::string dump(const Campaign& campaign) {
    return print_campaign(campaign, false);
}

std::vector<std::pair<std::string, std::string>> result_settings(
    const Campaign& campaign, const std::vector<std::string>& sections, InputNames names) {
    for (const std::string& section : sections) {
        FAINTWEB_EXPECTS(Keys::all().has_section(section) || Keys::all().find(section) != nullptr);
    }
    std::vector<std::pair<std::string, std::string>> settings;
    for (const Key& key : Keys::all().list()) {
        const bool is_asked_for =
            sections.empty() ||
            std::any_of(sections.begin(), sections.end(), [&](const std::string& section) {
                return section == key.name || section == key.section();
            });
        const bool counts = key.effect == Effect::results ||
                            (key.effect == Effect::input && names == InputNames::included);
        if (is_asked_for && counts) {
            settings.emplace_back(key.name, key.print(campaign));
        }
    }
    return settings;
}

std::string settings_text(const Campaign& campaign,
                          const std::vector<std::string>& sections,
                          InputNames names) {
    std::string text;
    for (const auto& [key, value] : result_settings(campaign, sections, names)) {
        text += key + "=" + value + "\n";
    }
    return text;
}

std::string training_text(const Campaign& campaign) {
    std::string text = settings_text(campaign, {"tile_px", "field_px", "label", "train"});
    if (campaign.train.joint) {
        for (const label::LabelRule& rule : label_rules(campaign)) {
            text += rule_name(rule) + "\n";
        }
    }
    return text;
}

}  // namespace faintweb::campaign
