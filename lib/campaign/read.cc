// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/campaign/checks.h"
#include "lib/campaign/faults.h"
#include "lib/campaign/input_files.h"
#include "lib/campaign/yaml_tree.h"

namespace faintweb::campaign {
namespace {

namespace fs = std::filesystem;

/// "train.epochs", or "epochs" at the top level.
std::string dotted(const std::string& section, const std::string& leaf) {
    return section.empty() ? leaf : section + "." + leaf;
}

/// What an unknown key was most likely meant to be: a near word of its own section (or, at the top
/// level, a section), else the same or a near word of another section. Empty if there is none.
std::string meant_key(const std::string& section, const std::string& leaf) {
    const Keys& keys = Keys::all();
    std::vector<std::string> beside;
    std::vector<std::string> elsewhere;
    for (const Key& key : keys.list()) {
        (key.section() == section ? beside : elsewhere).push_back(key.leaf());
    }
    if (section.empty()) {
        for (const SectionHelp& known : keys.sections()) {
            beside.push_back(known.name);
        }
    }
    if (const std::string word = nearest(leaf, beside); !word.empty()) {
        return dotted(section, word);
    }
    const std::string word = nearest(leaf, elsewhere);
    const auto found = std::find_if(keys.list().begin(), keys.list().end(), [&](const Key& key) {
        return !word.empty() && key.leaf() == word && key.section() != section;
    });
    return found == keys.list().end() ? "" : found->name;
}

void add_unknown(Faults& faults,
                 const std::string& where,
                 const std::string& section,
                 const std::string& leaf) {
    const std::string meant = meant_key(section, leaf);
    faults.add(where, "unknown key " + shown(dotted(section, leaf)), "it would have no effect",
               meant.empty() ? list_of_keys : "did you mean " + meant + "?");
}

/// One key of the file or of an override, with its value.
struct Setting {
    const Key* key = nullptr;
    std::string where;  ///< of the key
    Node value;
};

/// Finds the keys of a campaign in a tree of YAML: settings at the top level and in sections.
class SettingsOfFile {
  public:
    SettingsOfFile(const Node& root, Faults& faults) : faults_(faults) {
        if (root.kind != Node::Kind::mapping) {
            faults.add(root.where, "the file holds " + shown(root),
                       "a campaign is a list of 'key: value' lines", list_of_keys);
            return;
        }
        read_mapping(root, "");
    }

    const std::vector<Setting>& settings() const { return settings_; }
    /// Where each key and section stands.
    const std::map<std::string, std::string>& places() const { return places_; }

  private:
    void read_mapping(const Node& mapping, const std::string& section) {
        for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
            const Node& key = mapping.keys[i];
            const Node& value = mapping.values[i];
            if (key.kind != Node::Kind::scalar) {
                faults_.add(key.where, shown(key) + " as a key", "a key is a word", list_of_keys);
                continue;
            }
            const std::string name = dotted(section, key.text);
            const auto [first, is_first] = places_.emplace(name, key.where);
            if (!is_first) {
                faults_.add(key.where, "key " + shown(name) + " is given twice",
                            "first at " + first->second, "remove one of the two");
            } else if (section.empty() && Keys::all().has_section(name)) {
                read_section(key, value);
            } else if (const Key* known = Keys::all().find(name);
                       known != nullptr && known->section() == section) {
                settings_.push_back({known, key.where, value});
                if (value.kind == Node::Kind::null) {
                    // yaml-cpp puts "nothing" where the next key stands.
                    settings_.back().value.where = key.where;
                }
            } else {
                add_unknown(faults_, key.where, section, key.text);
            }
        }
    }

    void read_section(const Node& key, const Node& value) {
        if (value.kind == Node::Kind::mapping) {
            read_mapping(value, key.text);
        } else if (value.kind != Node::Kind::null) {
            faults_.add(value.where, key.text + " is " + shown(value), "it is a section",
                        "give its keys below it, indented");
        }
    }

    Faults& faults_;
    std::vector<Setting> settings_;
    std::map<std::string, std::string> places_;
};

/// "train.epochs=3" as a setting; nothing if it is at fault.
std::optional<Setting> parse_override(const std::string& text, Faults& faults) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos || name.empty()) {
        faults.add(override_place, shown(text), "not KEY=VALUE",
                   "give for instance train.epochs=5");
        return std::nullopt;
    }
    const Key* key = Keys::all().find(name);
    if (key == nullptr && Keys::all().has_section(name)) {
        faults.add(override_place, name + " is a section", "only keys have values", list_of_keys);
        return std::nullopt;
    }
    if (key == nullptr) {
        const std::size_t dot = name.find('.');
        const std::string section = dot == std::string::npos ? "" : name.substr(0, dot);
        add_unknown(faults, override_place, section,
                    dot == std::string::npos ? name : name.substr(dot + 1));
        return std::nullopt;
    }
    Setting setting{key, override_place, {}};
    setting.value =
        parse_yaml(text.substr(equals + 1), [](int, int) { return std::string(override_place); });
    setting.value.where = override_place;
    return setting;
}

/// Turns the names of input files into paths from the current folder.
void resolve_inputs(Node& node, const fs::path& folder, const std::string& reserved) {
    for (Node& item : node.values) {
        resolve_inputs(item, folder, reserved);
    }
    if (node.kind == Node::Kind::scalar && !node.text.empty() && node.text != reserved) {
        const std::string path = (folder / node.text).lexically_normal().string();
        node.text = path == reserved ? "./" + path : path;
    }
}

void read_setting(Campaign& campaign, const Setting& setting, Faults& faults) {
    Node value = setting.value;
    campaign.positions[setting.key->name] = value.where;
    try {
        if (setting.key->effect == Effect::input) {
            const bool is_from_file = setting.where != override_place;
            resolve_inputs(value, is_from_file ? fs::path(campaign.path).parent_path() : fs::path(),
                           reserved_word(setting.key->name));
        }
        setting.key->read(campaign, value);
        for (std::size_t i = 0; value.kind == Node::Kind::sequence && i < value.values.size();
             ++i) {
            campaign.positions[fmt::format("{}[{}]", setting.key->name, i)] = value.values[i].where;
        }
    } catch (const Fault& fault) {
        faults.add(*setting.key, fault);
    }
}

/// Reads settings of the file and overrides on top of them; an overridden value of the file is not
/// looked at.
void apply(Campaign& campaign,
           const std::vector<Setting>& of_file,
           const std::vector<std::string>& overrides,
           Faults& faults) {
    std::vector<Setting> of_command;
    for (const std::string& text : overrides) {
        if (auto setting = parse_override(text, faults)) {
            std::erase_if(of_command, [&](const Setting& s) { return s.key == setting->key; });
            of_command.push_back(std::move(*setting));
        }
    }
    for (const Setting& setting : of_file) {
        const bool is_overridden =
            std::any_of(of_command.begin(), of_command.end(),
                        [&](const Setting& s) { return s.key == setting.key; });
        if (!is_overridden) {
            read_setting(campaign, setting, faults);
        }
    }
    for (const Setting& setting : of_command) {
        read_setting(campaign, setting, faults);
    }
}

}  // namespace

std::string read_campaign_text(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
        throw base::UsageError(path +
                               ":1:1: no campaign file (there is no file of this name), "
                               "give the path of a YAML file");
    }
    if (!fs::is_regular_file(status)) {
        throw base::UsageError(path +
                               ":1:1: no campaign file (it is no regular file), "
                               "give the path of a YAML file");
    }
    std::ifstream file(path, std::ios::binary);
    // One byte more than allowed is enough to know; a file of any size costs no memory.
    std::string text(max_yaml_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
        throw base::UsageError(path +
                               ":1:1: the campaign file cannot be read (its permissions or "
                               "the disk forbid it), make it readable");
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > max_yaml_bytes) {
        throw base::UsageError(fmt::format(
            "{}:1:1: more than {} bytes (a campaign is a short text), give a campaign file", path,
            max_yaml_bytes));
    }
    return text;
}

Campaign parse_campaign(const std::string& text,
                        const std::string& path,
                        const std::vector<std::string>& overrides) {
    const Node root = parse_yaml(
        text, [&](int line, int column) { return fmt::format("{}:{}:{}", path, line, column); });
    if (root.kind == Node::Kind::null) {
        throw base::UsageError(path +
                               ":1:1: the file is empty (a campaign needs at least name, output "
                               "and stages), " +
                               list_of_keys);
    }
    Faults faults;
    Campaign campaign;
    campaign.path = path;
    campaign.text = text;
    const SettingsOfFile file(root, faults);
    campaign.positions = file.places();
    apply(campaign, file.settings(), overrides, faults);
    if (root.kind == Node::Kind::mapping) {
        for (const Key& key : Keys::all().list()) {
            if (key.is_required && !campaign.positions.contains(key.name)) {
                faults.add(
                    start_of(campaign), "key " + key.name + " is missing",
                    "a campaign cannot run without it",
                    "add it, for instance '" + key.name + ": " + key.print(Campaign()) + "'");
            }
        }
    }
    faults.throw_if_any();
    check_settings(campaign, faults);
    faults.throw_if_any();
    return campaign;
}

Campaign read_campaign(const std::string& path, const std::vector<std::string>& overrides) {
    return parse_campaign(read_campaign_text(path), path, overrides);
}

Campaign default_campaign(const std::vector<std::string>& overrides) {
    Faults faults;
    Campaign campaign;
    apply(campaign, {}, overrides, faults);
    faults.throw_if_any();
    check_settings(campaign, faults);
    faults.throw_if_any();
    return campaign;
}

}  // namespace faintweb::campaign
