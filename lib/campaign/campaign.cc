#include "lib/campaign/campaign.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <tuple>
#include <utility>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/campaign/keys.h"
#include "lib/campaign/sweep.h"
#include "lib/campaign/yaml_tree.h"
#include "lib/learn/network.h"

namespace faintweb::campaign {
namespace {

namespace fs = std::filesystem;

constexpr const char* override_place = "--set";
constexpr const char* list_of_keys = "see --dump-defaults for all keys";

/// Collects what is wrong with a campaign, so that one run of the program shows all of it.
class Faults {
  public:
    void add(std::string line) { lines_.push_back(std::move(line)); }
    /// "where: problem (why), what to do".
    void add(const std::string& where,
             const std::string& problem,
             const std::string& why,
             const std::string& what_to_do) {
        lines_.push_back(where + ": " + problem + " (" + why + "), " + what_to_do);
    }
    void add(const Key& key, const Fault& fault) {
        add(fault.where, key.name + " is " + fault.value, fault.why, fault.what_to_do);
    }

    /// @throws UsageError  with one line for each, if there are any.
    void throw_if_any() const {
        constexpr std::size_t n_most = 20;
        std::string message;
        for (std::size_t i = 0; i < std::min(n_most, lines_.size()); ++i) {
            message += (i == 0 ? "" : "\n") + lines_[i];
        }
        if (lines_.size() > n_most) {
            message += base::text("\nand ", lines_.size() - n_most, " more faults");
        }
        if (!lines_.empty()) {
            throw base::UsageError(message);
        }
    }

  private:
    std::vector<std::string> lines_;
};

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
    faults.add(where,
               "unknown key " + shown(dotted(section, leaf)),
               "it would have no effect",
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
            faults.add(root.where,
                       "the file holds " + shown(root),
                       "a campaign is a list of 'key: value' lines",
                       list_of_keys);
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
                faults_.add(key.where,
                            "key " + shown(name) + " is given twice",
                            "first at " + first->second,
                            "remove one of the two");
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
            faults_.add(value.where,
                        key.text + " is " + shown(value),
                        "it is a section",
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
        faults.add(
            override_place, shown(text), "not KEY=VALUE", "give for instance train.epochs=5");
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
        add_unknown(faults,
                    override_place,
                    section,
                    dot == std::string::npos ? name : name.substr(dot + 1));
        return std::nullopt;
    }
    Setting setting{key, override_place, {}};
    setting.value =
        parse_yaml(text.substr(equals + 1), [](int, int) { return std::string(override_place); });
    setting.value.where = override_place;
    return setting;
}

/// The word that is no file name as a value of this key; empty if there is none.
std::string reserved_word(const std::string& key) {
    return key == "detect.maps"                                ? simulated_maps
           : key == "detect.model" || key == "evaluate.models" ? trained_model
                                                               : "";
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
            resolve_inputs(value,
                           is_from_file ? fs::path(campaign.path).parent_path() : fs::path(),
                           reserved_word(setting.key->name));
        }
        setting.key->read(campaign, value);
        for (std::size_t i = 0; value.kind == Node::Kind::sequence && i < value.values.size();
             ++i) {
            campaign.positions[base::text(setting.key->name, "[", i, "]")] = value.values[i].where;
        }
    } catch (const Fault& fault) {
        faults.add(*setting.key, fault);
    }
}

/// Where a fault stands that belongs to no given key.
std::string start_of(const Campaign& campaign) {
    return campaign.path.empty() ? override_place : campaign.path + ":1:1";
}

/// The keys of a source that list its files.
struct SourceKeys {
    sky::SkySource source;
    const char* name;
    const char* key;
    std::vector<std::string> sky::SkySettings::*files;
    const char* test_key;
    std::vector<std::string> sky::SkySettings::*test_files;
};

constexpr SourceKeys file_sources[] = {{sky::SkySource::hdf5,
                                        "hdf5",
                                        "sky.snapshots",
                                        &sky::SkySettings::snapshots,
                                        "sky.test_snapshots",
                                        &sky::SkySettings::test_snapshots},
                                       {sky::SkySource::fits,
                                        "fits",
                                        "sky.maps",
                                        &sky::SkySettings::maps,
                                        "sky.test_maps",
                                        &sky::SkySettings::test_maps}};

/// What no key can see alone.
class CrossChecks {
  public:
    CrossChecks(const Campaign& campaign, Faults& faults) : campaign_(campaign), faults_(faults) {}

    void run() const {
        check_stages();
        if (campaign_.tile_px > campaign_.field_px) {
            add({"tile_px", "field_px"},
                base::text("tile_px is ", campaign_.tile_px),
                base::text("a field has only ", campaign_.field_px, " pixels"),
                "give a smaller tile_px or a larger field_px");
        }
        if (campaign_.sky.z_min >= campaign_.sky.z_max) {
            add({"sky.z_min", "sky.z_max"},
                base::text("sky.z_min is ", campaign_.sky.z_min),
                base::text("not below sky.z_max, ", campaign_.sky.z_max),
                "give a smaller one");
        } else {
            try {
                if (campaign_.sky.source == sky::SkySource::boxes) {
                    sky::check(campaign_.cosmology, campaign_.sky, campaign_.boxes);
                } else if (campaign_.sky.source == sky::SkySource::hdf5) {
                    sky::check(campaign_.sky);
                }
            } catch (const sky::SettingError& error) {
                std::vector<std::string> keys = error.keys();
                keys.insert(keys.end(), {"sky", "boxes", "cosmology"});
                faults_.add(place_of(keys) + ": " + error.what());
            }
            try {
                sky::check(campaign_.point_sources);
            } catch (const base::UsageError& error) {
                faults_.add(place_of({"point_sources"}) + ": " + error.what());
            }
            try {
                sky::check(campaign_.observation, campaign_.sky.pixel_arcsec);
            } catch (const base::UsageError& error) {
                faults_.add(place_of({"observation"}) + ": " + error.what());
            }
        }
        check_maps();
        if (campaign_.evaluate.models.empty() && campaign_.has_stage(Stage::evaluate)) {
            add({"evaluate.models"},
                "evaluate.models is an empty list",
                "the evaluate stage needs a model",
                "name at least one");
        }
        check_realisations();
        for (const SourceKeys& source : file_sources) {
            check_source(source);
        }
        check_snapshot_names("snapshot.velocity", campaign_.snapshot.velocity);
        check_snapshot_names("snapshot.magnetic_field", campaign_.snapshot.magnetic_field);
        check_sweep();
    }

  private:
    /// The fault stands where the first of these keys was given; the others have their defaults.
    void add(const std::vector<std::string>& keys,
             const std::string& problem,
             const std::string& why,
             const std::string& what_to_do) const {
        faults_.add(place_of(keys), problem, why, what_to_do);
    }

    std::string place_of(const std::vector<std::string>& keys) const {
        for (const std::string& key : keys) {
            if (campaign_.positions.contains(key)) {
                return position_of(campaign_, key);
            }
        }
        return start_of(campaign_);
    }

    void check_stages() const {
        const auto& stages = campaign_.stages;
        if (stages.empty()) {
            add({"stages"},
                "stages is an empty list",
                "nothing would be done",
                "name at least one");
        }
        for (std::size_t i = 1; i < stages.size(); ++i) {
            if (stages[i] <= stages[i - 1]) {
                add({base::text("stages[", i, "]"), "stages"},
                    base::text(
                        "stage ", stage_name(stages[i]), " after ", stage_name(stages[i - 1])),
                    "each stage runs once, in the order simulate, train, evaluate, detect",
                    "give them in that order");
            }
        }
    }

    void check_maps() const {
        const DetectSettings& detect = campaign_.detect;
        const auto n_simulated = std::count(detect.maps.begin(), detect.maps.end(), simulated_maps);
        if (detect.maps.empty() && campaign_.has_stage(Stage::detect)) {
            add({"detect.maps"},
                "detect.maps is an empty list",
                "the detect stage needs a map",
                "name at least one");
        }
        if (n_simulated > 0 && detect.maps.size() > 1) {
            add({"detect.maps"},
                "detect.maps names 'simulated' beside others",
                "the simulated maps have their truth, others have not",
                "give it alone, and the others in a campaign of their own");
        } else if (n_simulated > 0 && !detect.truth.empty()) {
            add({"detect.truth"},
                "detect.truth is given",
                "the simulated maps have their own",
                "leave it out");
        } else if (!detect.truth.empty() && detect.truth.size() != detect.maps.size()) {
            add({"detect.truth"},
                base::text("detect.truth has ", detect.truth.size(), " files"),
                base::text("detect.maps has ", detect.maps.size()),
                "give one for each map, or none");
        }
        for (const auto& [fact, key, is_given] :
             {std::tuple{"beam", "detect.beam", detect.beam.has_value()},
              {"unit", "detect.unit", detect.unit.has_value()},
              {"pixel", "detect.pixel_arcsec", detect.pixel_arcsec.has_value()}}) {
            if (!is_given && std::ranges::count(detect.force, fact) > 0) {
                add({"detect.force", key},
                    base::text("detect.force names ", fact),
                    base::text(key, " is not given"),
                    "give it or leave it out of the list");
            }
        }
        if (detect.threshold && (*detect.threshold == 0 || *detect.threshold == 1)) {
            add({"detect.threshold"},
                base::text("detect.threshold is ", *detect.threshold),
                base::text(*detect.threshold == 0 ? "every" : "no", " tile would be a detection"),
                "give one between 0 and 1, or none for the model's own");
        }
    }

    void check_realisations() const {
        const sky::BoxSettings& boxes = campaign_.boxes;
        if (campaign_.sky.source == sky::SkySource::boxes) {
            if (makes_skies(campaign_, sky::SkySet::test) && campaign_.simulate.n_test > 0 &&
                boxes.n_test_realisations == 0) {
                add({"boxes.n_test_realisations", "simulate.n_test"},
                    "boxes.n_test_realisations is 0",
                    "test skies need boxes that training skies do not show",
                    "give at least 1");
            }
            if (makes_skies(campaign_, sky::SkySet::train) && campaign_.simulate.n_train > 0 &&
                boxes.n_test_realisations == boxes.n_realisations) {
                add({"boxes.n_test_realisations", "boxes.n_realisations", "simulate.n_train"},
                    base::text("boxes.n_test_realisations is ", boxes.n_test_realisations),
                    "no realisation is left for training skies",
                    "give more n_realisations");
            }
        }
        const auto& detect = campaign_.detect;
        const bool detects_simulated = campaign_.has_stage(Stage::detect) &&
                                       detect.maps == std::vector<std::string>{simulated_maps};
        if (campaign_.simulate.n_train == 0 && campaign_.has_stage(Stage::train)) {
            add({"simulate.n_train", "stages"},
                "simulate.n_train is 0",
                "the train stage needs a sky",
                "give at least 1");
        }
        if (campaign_.has_stage(Stage::train)) {
            check_training(campaign_, "");
        }
        if (campaign_.simulate.n_test == 0 &&
            (campaign_.has_stage(Stage::evaluate) || detects_simulated)) {
            add({"simulate.n_test", "stages"},
                "simulate.n_test is 0",
                detects_simulated ? "the detect stage takes its maps from the test skies"
                                  : "the evaluate stage needs a sky",
                "give at least 1");
        }
    }

    /// @param campaign  this one, or as a variant of its sweep changes it.
    /// @param variant   the variant's place; empty for the campaign itself.
    void check_training(const Campaign& campaign, const std::string& variant) const {
        const learn::TrainSettings& train = campaign.train;
        const auto add_here = [&](const std::vector<std::string>& keys,
                                  const std::string& problem,
                                  const std::string& why,
                                  const std::string& what_to_do) {
            if (variant.empty()) {
                add(keys, problem, why, what_to_do);
            } else {
                add({variant, "sweep.variants"}, variant + ": " + problem, why, what_to_do);
            }
        };
        const int n_validation = train.validation_skies;
        if (n_validation > 0 && n_validation >= campaign.simulate.n_train) {
            add_here(
                {"train.validation_skies", "simulate.n_train"},
                base::text("train.validation_skies is ", n_validation),
                base::text("of ", campaign.simulate.n_train, " none would be left to train on"),
                "give fewer of them or more skies");
        }
        if (train.patience > 0 && n_validation == 0) {
            add_here({"train.patience"},
                     base::text("train.patience is ", train.patience),
                     "without validation skies no epoch is better than another",
                     "give train.validation_skies");
        }
        for (const auto& [key, epochs] : {std::pair{"train.keep_epochs", &train.keep_epochs},
                                          {"sweep.epochs", &campaign.sweep.epochs}}) {
            if (train.patience > 0 && !epochs->empty()) {
                add_here({"train.patience", key},
                         base::text("train.patience is ", train.patience),
                         base::text("training may end before an epoch that ", key, " names"),
                         "leave one of the two out");
            }
        }
        if (const auto n_rules = std::ssize(label_rules(campaign)); n_rules > learn::max_rules) {
            add_here({"train.joint"},
                     "train.joint is true",
                     base::text("the sweep and the campaign name ",
                                n_rules,
                                " label rules, a network learns at most ",
                                learn::max_rules),
                     "shorten sweep.min_pixels or sweep.flux_threshold_jy_arcsec2");
        }
        if (train.choose_threshold && n_validation == 0) {
            add_here({"train.choose_threshold"},
                     "train.choose_threshold is true",
                     "without validation skies there is nothing to choose it by",
                     "give train.validation_skies");
        }
    }

    void check_source(const SourceKeys& source) const {
        const std::vector<std::string>& files = campaign_.sky.*source.files;
        const std::vector<std::string>& test_files = campaign_.sky.*source.test_files;
        const std::string key = source.key;
        const std::string test_key = source.test_key;
        const bool has_train = campaign_.simulate.n_train > 0;
        const bool has_test = campaign_.simulate.n_test > 0;
        if (campaign_.sky.source != source.source) {
            for (const auto& [given, list] : {std::pair{key, &files}, {test_key, &test_files}}) {
                if (!list->empty()) {
                    add({given, "sky.source"},
                        given + " is given",
                        base::text("no sky is made from it unless sky.source is ", source.name),
                        base::text("leave it out or set sky.source: ", source.name));
                }
            }
            return;
        }
        if (files.empty() && (has_train || (has_test && test_files.empty()))) {
            add({key, "sky.source"},
                key + " is an empty list",
                base::text("sky.source is ", source.name),
                "name at least one file");
        } else if (has_train && has_test && test_files.empty()) {
            add({test_key, key},
                test_key + " is an empty list",
                "test skies would show what training skies show",
                "name files of another universe there, or set simulate.n_test: 0");
        }
        for (std::size_t i = 0; has_train && has_test && i < test_files.size(); ++i) {
            if (std::find(files.begin(), files.end(), test_files[i]) != files.end()) {
                const std::string item = base::text(test_key, "[", i, "]");
                add({item, test_key},
                    item + " is among " + key + " too",
                    "test skies would show what training skies show",
                    "name a file of another universe");
            }
        }
        if (source.source == sky::SkySource::fits &&
            (campaign_.simulate.layers || !campaign_.simulate.slabs.empty())) {
            add({"simulate.slabs", "simulate.layers"},
                "simulate.layers or simulate.slabs is given",
                "ready maps have neither",
                "leave them out");
        }
    }

    void check_snapshot_names(const std::string& key, const std::vector<std::string>& names) const {
        if (names.size() != 3) {
            add({key},
                base::text(key, " has ", names.size(), " names"),
                "a vector has three parts",
                "name the datasets of x, y and z");
        }
    }

    void check_sweep() const {
        const SweepSettings& sweep = campaign_.sweep;
        const auto check_once = [&](const std::string& key, const auto& values) {
            for (std::size_t i = 1; i < values.size(); ++i) {
                if (std::find(values.begin(),
                              values.begin() + static_cast<std::ptrdiff_t>(i),
                              values[i]) != values.begin() + static_cast<std::ptrdiff_t>(i)) {
                    add({base::text(key, "[", i, "]"), key},
                        base::text(key, " names item ", i, " twice"),
                        "one training would be done and counted twice",
                        "remove one of the two");
                }
            }
        };
        check_once("sweep.network", sweep.network);
        check_once("sweep.scaling", sweep.scaling);
        check_once("sweep.batch_size", sweep.batch_size);
        check_once("sweep.learning_rate", sweep.learning_rate);
        check_once("sweep.min_pixels", sweep.min_pixels);
        check_once("sweep.flux_threshold_jy_arcsec2", sweep.flux_threshold_jy_arcsec2);
        check_once("sweep.seed", sweep.seed);
        check_once("sweep.epochs", sweep.epochs);
        std::vector<std::string> names;
        for (const Variant& variant : sweep.variants) {
            names.push_back(variant.name);
            const std::string item = base::text("sweep.variants[", names.size() - 1, "]");
            for (const auto& [key, value] : variant.settings) {
                const std::string leaf = key.substr(key.find('.') + 1);
                // What a list names is not the variants' to say.
                if ((leaf == "network" && !sweep.network.empty()) ||
                    (leaf == "scaling" && !sweep.scaling.empty()) ||
                    (leaf == "batch_size" && !sweep.batch_size.empty()) ||
                    (leaf == "learning_rate" && !sweep.learning_rate.empty()) ||
                    (leaf == "epochs" && !sweep.epochs.empty())) {
                    add({item, "sweep.variants"},
                        base::text("variant ", variant.name, " sets ", key),
                        base::text("sweep.", leaf, " names values for all variants"),
                        "leave one of the two out");
                }
            }
            // One without settings is the campaign itself.
            if (!variant.settings.empty()) {
                Campaign changed = campaign_;
                apply_variant(changed, variant);
                if (!sweep.min_pixels.empty()) {
                    changed.label.min_pixels = sweep.min_pixels.front();
                }
                if (!sweep.flux_threshold_jy_arcsec2.empty()) {
                    changed.label.flux_threshold_jy_arcsec2 =
                        sweep.flux_threshold_jy_arcsec2.front();
                }
                check_training(changed, item);
            }
        }
        check_once("sweep.variants", names);
        if (!sweep.reference.empty() &&
            std::find(names.begin(), names.end(), sweep.reference) == names.end()) {
            const std::string meant = nearest(sweep.reference, names);
            add({"sweep.reference"},
                "sweep.reference is " + shown(sweep.reference),
                "no variant has this name",
                meant.empty() ? "name one of sweep.variants" : "did you mean " + meant + "?");
        }
        if (n_sweep_runs(sweep) > max_sweep_runs) {
            add({"sweep"},
                base::text("sweep makes ", n_sweep_runs(sweep), " trainings"),
                base::text("more than ", max_sweep_runs),
                "shorten its lists");
        }
    }

    const Campaign& campaign_;
    Faults& faults_;
};

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
            std::any_of(of_command.begin(), of_command.end(), [&](const Setting& s) {
                return s.key == setting.key;
            });
        if (!is_overridden) {
            read_setting(campaign, setting, faults);
        }
    }
    for (const Setting& setting : of_command) {
        read_setting(campaign, setting, faults);
    }
}

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

}  // namespace

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

SkyFiles sky_files(const Campaign& campaign, sky::SkySet set) {
    for (const SourceKeys& source : file_sources) {
        if (campaign.sky.source != source.source) {
            continue;
        }
        const auto& test_files = campaign.sky.*source.test_files;
        if (set == sky::SkySet::test && (campaign.simulate.n_train > 0 || !test_files.empty())) {
            return {source.test_key, test_files};
        }
        return {source.key, campaign.sky.*source.files};
    }
    return {};
}

bool makes_skies(const Campaign& campaign, sky::SkySet set) {
    const bool writes = campaign.has_stage(Stage::simulate);
    if (set == sky::SkySet::test || campaign.train.source == learn::TileSource::files) {
        return writes;
    }
    return campaign.has_stage(Stage::train) ||
           (campaign.has_stage(Stage::evaluate) && campaign.evaluate.threshold_finder);
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
        throw base::UsageError(base::text(path,
                                          ":1:1: more than ",
                                          max_yaml_bytes,
                                          " bytes (a campaign is a short text), give a campaign "
                                          "file"));
    }
    return text;
}

Campaign parse_campaign(const std::string& text,
                        const std::string& path,
                        const std::vector<std::string>& overrides) {
    const Node root = parse_yaml(
        text, [&](int line, int column) { return base::text(path, ":", line, ":", column); });
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
                    start_of(campaign),
                    "key " + key.name + " is missing",
                    "a campaign cannot run without it",
                    "add it, for instance '" + key.name + ": " + key.print(Campaign()) + "'");
            }
        }
    }
    faults.throw_if_any();
    CrossChecks(campaign, faults).run();
    faults.throw_if_any();
    return campaign;
}

Campaign read_campaign(const std::string& path, const std::vector<std::string>& overrides) {
    return parse_campaign(read_campaign_text(path), path, overrides);
}

Campaign default_campaign() {
    return {};
}

Campaign default_campaign(const std::vector<std::string>& overrides) {
    Faults faults;
    Campaign campaign;
    apply(campaign, {}, overrides, faults);
    faults.throw_if_any();
    CrossChecks(campaign, faults).run();
    faults.throw_if_any();
    return campaign;
}

void check_files(const Campaign& campaign) {
    Faults faults;
    const auto check = [&](const std::string& key, const std::string& path) {
        if (path == reserved_word(key.substr(0, key.find('[')))) {
            return;
        }
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        const bool is_readable =
            fs::is_regular_file(status) && std::ifstream(path, std::ios::binary).is_open();
        const char* const why = !fs::exists(status)            ? "there is no file of this name"
                                : fs::is_directory(status)     ? "it is a folder"
                                : !fs::is_regular_file(status) ? "it is no regular file"
                                                               : "its permissions forbid it";
        if (!is_readable) {
            faults.add(position_of(campaign, key),
                       key + " cannot be read: " + one_line(path),
                       why,
                       "correct the path (from the campaign file's folder)");
        }
    };
    const auto check_all = [&](const std::string& key, const std::vector<std::string>& files) {
        for (std::size_t i = 0; i < files.size(); ++i) {
            check(base::text(key, "[", i, "]"), files[i]);
        }
    };
    // The snapshots of both sets share their slabs: skies of either need all of them.
    const bool needs_all =
        campaign.sky.source == sky::SkySource::hdf5 &&
        (makes_skies(campaign, sky::SkySet::train) || makes_skies(campaign, sky::SkySet::test));
    for (const sky::SkySet set : {sky::SkySet::train, sky::SkySet::test}) {
        if (makes_skies(campaign, set) || needs_all) {
            const SkyFiles named = sky_files(campaign, set);
            check_all(named.key, named.files);
        }
    }
    if (campaign.has_stage(Stage::detect)) {
        check_all("detect.maps", campaign.detect.maps);
        check_all("detect.truth", campaign.detect.truth);
        check("detect.model", campaign.detect.model);
    }
    if (campaign.has_stage(Stage::evaluate)) {
        check_all("evaluate.models", campaign.evaluate.models);
    }
    faults.throw_if_any();
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

std::vector<label::LabelRule> label_rules(const Campaign& campaign) {
    std::vector<label::LabelRule> rules{campaign.label};
    if (!campaign.train.joint) {
        return rules;
    }
    std::vector<int> min_pixels = campaign.sweep.min_pixels;
    std::vector<double> thresholds = campaign.sweep.flux_threshold_jy_arcsec2;
    if (min_pixels.empty()) {
        min_pixels = {campaign.label.min_pixels};
    }
    if (thresholds.empty()) {
        thresholds = {campaign.label.flux_threshold_jy_arcsec2};
    }
    for (const int n : min_pixels) {
        for (const double threshold : thresholds) {
            if (const label::LabelRule rule{n, threshold}; rule != campaign.label) {
                rules.push_back(rule);
            }
        }
    }
    return rules;
}

std::string rule_name(const label::LabelRule& rule) {
    return base::text(
        "npix", rule.min_pixels, "_fth", print_double(rule.flux_threshold_jy_arcsec2));
}

std::string rule_suffix(const Campaign& campaign) {
    return campaign.train.joint ? "_" + rule_name(campaign.label) : "";
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
