// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "apps/command_line.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/version.h"
#include "lib/campaign/campaign.h"
#include "lib/catalogue/docs.h"
#include "lib/learn/device.h"
#include "mpi/io/versions.h"
#include "mpi/pipeline/stages.h"

namespace faintweb::apps {
namespace {

/// Shows options as they are given.
class HelpFormatter : public CLI::Formatter {
  public:
    std::string make_option_opts(const CLI::Option* option) const override {
        std::string text = Formatter::make_option_opts(option);
        // Of these a list takes one argument.
        if (const auto dots = text.find(" ...");
            !option->get_allow_extra_args() && dots != std::string::npos) {
            text.erase(dots, 4);
        }
        return text;
    }
};

std::string joined(const std::vector<std::string>& words, const char* separator) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : separator) + word;
    }
    return text;
}

bool is_campaign_file(const std::string& path) {
    const std::string ending = std::filesystem::path(path).extension().string();
    return ending == ".yaml" || ending == ".yml";
}

/// A text as a YAML scalar: in single quotes, where only the quote itself is special.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        result += c == '\'' ? std::string("''") : std::string(1, c);
    }
    return result + "'";
}

std::string list_of(const std::vector<std::string>& items) {
    std::vector<std::string> scalars;
    std::ranges::transform(items, std::back_inserter(scalars), &quoted);
    return "[" + joined(scalars, ", ") + "]";
}

/// MAJ, MAJ,MIN or MAJ,MIN,PA as the three numbers of a campaign file: a beam of one width is
/// round.
std::string beam_key(const std::string& beam) {
    const auto n_commas = std::count(beam.begin(), beam.end(), ',');
    if (beam.empty()) {
        return beam;
    }
    return "[" +
           (n_commas == 0   ? beam + ", " + beam + ", 0"
            : n_commas == 1 ? beam + ", 0"
                            : beam) +
           "]";
}

/// The options of `detect` that say what is in a campaign's detect section.
struct DetectOptions {
    std::vector<std::string> inputs;
    std::string model;
    std::string output;
    std::vector<std::string> truth;
    std::vector<std::string> accept_mismatch;
    std::string beam;
    std::string unit;
    std::string pixel;
    std::string forced_beam;
    std::string forced_unit;
    std::string forced_pixel;
    std::string hdu;
    std::string threshold;
    std::vector<std::string> exports;
    bool has_pictures = false;
};

/// Finds the campaign file among the inputs, and checks that nothing is missing.
///
/// @return  the maps among the inputs.
std::vector<std::string> take_inputs(Request& request, const DetectOptions& options) {
    std::vector<std::string> maps = options.inputs;
    if (!maps.empty() && is_campaign_file(maps.front())) {
        request.campaign = maps.front();
        maps.erase(maps.begin());
    } else if (maps.empty()) {
        throw base::UsageError(
            "detect: nothing to classify, give a campaign file or --model MODEL -o CATALOGUE.h5 "
            "MAP.fits...");
    } else if (options.model.empty() || options.output.empty()) {
        throw base::UsageError(
            fmt::format("detect: {} is missing (maps without a campaign file need both), give "
                        "--model MODEL -o CATALOGUE.h5",
                        options.model.empty() ? "--model" : "-o"));
    }
    if (!request.campaign.empty() && !options.output.empty()) {
        throw base::UsageError(
            "detect: -o goes with --model and maps (a campaign file says itself where its results "
            "go), use --set detect.catalogue=NAME.h5");
    }
    return maps;
}

/// What maps' headers lack or get wrong, as keys and values.
std::vector<std::pair<std::string, std::string>> header_settings(const DetectOptions& options) {
    std::vector<std::pair<std::string, std::string>> settings;
    std::vector<std::string> forced;
    for (const auto& [fact, value] : {std::pair{"beam", options.forced_beam},
                                      {"unit", options.forced_unit},
                                      {"pixel", options.forced_pixel}}) {
        if (!value.empty()) {
            forced.emplace_back(fact);
        }
    }
    if (!forced.empty()) {
        settings.emplace_back("detect.force", list_of(forced));
    }
    const std::string unit = options.unit + options.forced_unit;
    for (const auto& [key, value] :
         {std::pair{"detect.beam", beam_key(options.beam + options.forced_beam)},
          {"detect.unit", unit.empty() ? unit : quoted(unit)},
          {"detect.pixel_arcsec", options.pixel + options.forced_pixel},
          {"detect.hdu", options.hdu},
          {"detect.threshold", options.threshold}}) {
        if (!value.empty()) {
            settings.emplace_back(key, value);
        }
    }
    return settings;
}

/// Turns the options of `detect` into overrides of a campaign.
void take_detect(Request& request, const DetectOptions& options) {
    const std::vector<std::string> maps = take_inputs(request, options);
    std::vector<std::string> from_options;
    const auto set = [&](const std::string& key, const std::string& value) {
        from_options.push_back(key + "=" + value);
    };
    if (!maps.empty()) {
        set("detect.maps", list_of(maps));
    }
    if (!options.truth.empty()) {
        set("detect.truth", list_of(options.truth));
    }
    if (!options.model.empty()) {
        set("detect.model", quoted(options.model));
    }
    if (!options.output.empty()) {
        const std::filesystem::path path(options.output);
        set("output", quoted(path.has_parent_path() ? path.parent_path().string() : "."));
        set("detect.catalogue", quoted(path.filename().string()));
    }
    if (!options.accept_mismatch.empty()) {
        set("detect.accept_mismatch", list_of(options.accept_mismatch));
    }
    for (const auto& [key, value] : header_settings(options)) {
        set(key, value);
    }
    if (request.campaign.empty()) {
        set("detect.exports", list_of(options.exports));
        set("detect.pictures", options.has_pictures ? "true" : "false");
    }
    // What --set says wins.
    request.overrides.insert(request.overrides.begin(), from_options.begin(), from_options.end());
}

std::optional<image::MapWindow> read_window(const std::vector<std::int64_t>& numbers) {
    if (numbers.empty()) {
        return std::nullopt;
    }
    if (numbers.size() != 4) {
        throw base::UsageError(fmt::format(
            "--window has {} numbers (it takes four), give --window X0,Y0,WIDTH,HEIGHT in pixels",
            numbers.size()));
    }
    return image::MapWindow{numbers[0], numbers[1], numbers[2], numbers[3]};
}

/// The options of every command, and what they were given.
class CommandLine {
  public:
    CommandLine();
    Request parse(int argc, char** argv);

  private:
    void add_campaign_options(CLI::App& command);
    void add_stage_commands();
    void add_detect();
    void add_header_options(CLI::App& detect);
    void add_export();
    void add_picture();
    void add_truth_options(CLI::App& drawing);
    void add_info();
    void add_overwrite(CLI::App& command);
    void add_profile(CLI::App& command);

    /// What is printed instead of doing anything; empty if something is to be done.
    std::string answer() const;
    /// Turns what was given into a request to do it.
    void finish();

    CLI::App app_{"Finds faint, diffuse radio emission in survey maps.", "faintweb"};
    Request request_;
    DetectOptions detect_;
    std::vector<std::int64_t> window_;  ///< the numbers of --window, as many as there are
    std::string page_;                  ///< of the documentation
    bool wants_version_ = false;
    bool wants_defaults_ = false;
    bool wants_profile_ = false;
    bool is_overwriting_ = false;
};

CommandLine::CommandLine() {
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.require_subcommand(0, 1);
    app_.add_flag("--version", wants_version_,
                  "print the versions of the program and its libraries");
    app_.add_flag("--dump-defaults", wants_defaults_,
                  "print a campaign file with every key at its default");
    app_.add_option("--print-docs", page_, "print a page of the documentation as Markdown")
        ->type_name("PAGE")
        ->check(CLI::IsMember({"keys", "catalogue"}));
    add_stage_commands();
    add_detect();
    add_export();
    add_picture();
    add_info();
}

void CommandLine::add_overwrite(CLI::App& command) {
    command.add_flag("--overwrite", is_overwriting_,
                     "replace files that are not known to be faintweb's own");
}

void CommandLine::add_profile(CLI::App& command) {
    command.add_flag("--profile", wants_profile_, "print where the time went");
}

void CommandLine::add_campaign_options(CLI::App& command) {
    command
        .add_option("--set", request_.overrides,
                    "give a key of the campaign file another value, once for each; files and "
                    "folders are relative to the current folder")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    command.add_flag("--check", request_.is_check, "check the campaign and stop");
    command.add_flag("--dry-run", request_.is_dry_run,
                     "print fields, tiles, memory and bytes, and stop");
    add_overwrite(command);
}

void CommandLine::add_stage_commands() {
    for (const auto& [name, help] :
         {std::pair{"run", "all stages of a campaign; what is finished and unchanged is skipped"},
          {"simulate", "make the mock skies of a campaign"},
          {"train", "train the network of a campaign"},
          {"evaluate", "score the trained network on held-out skies"},
          {"sweep", "train and score every combination of a campaign's sweep section"}}) {
        CLI::App& command = *app_.add_subcommand(name, help);
        command.add_option("campaign", request_.campaign, "campaign file (YAML)")->required();
        add_campaign_options(command);
        if (name == std::string_view("run") || name == std::string_view("train")) {
            add_profile(command);
        }
    }
}

void CommandLine::add_detect() {
    CLI::App& detect = *app_.add_subcommand("detect", "classify maps into a catalogue");
    detect.add_option("maps", detect_.inputs, "FITS maps, or a campaign file (YAML)");
    detect.add_option("--model,-m", detect_.model, "model file");
    add_profile(detect);
    detect.add_option("-o,--output", detect_.output, "catalogue to write, NAME.h5");
    // Without allow_extra_args(false) a list would take the maps that follow it.
    detect
        .add_option("--truth", detect_.truth,
                    "sky image of each map, once for each: labels tiles and fills the outcome")
        ->type_name("SKY.fits")
        ->allow_extra_args(false);
    detect
        .add_option("--accept-mismatch", detect_.accept_mismatch,
                    "properties in which maps may differ from the model: pixel, beam")
        ->type_name("WHAT[,WHAT]")
        ->delimiter(',')
        ->allow_extra_args(false);
    add_header_options(detect);
    detect.add_option("--hdu", detect_.hdu, "HDU of the image, 0 is the primary one");
    detect.add_option("--threshold", detect_.threshold,
                      "score between 0 and 1 above which a tile is a detection, instead of the "
                      "model's");
    detect
        .add_option("--export", detect_.exports,
                    "formats of further files: " + joined(catalogue::export_names(), ", "))
        ->type_name("FORMAT[,FORMAT...]")
        ->delimiter(',')
        ->allow_extra_args(false);
    detect.add_flag("--pictures", detect_.has_pictures, "draw every field as PNG too");
    add_campaign_options(detect);
}

void CommandLine::add_header_options(CLI::App& detect) {
    CLI::Option* beam =
        detect.add_option("--beam", detect_.beam,
                          "beam MAJ[,MIN,PA] in arcsec and degrees, for headers that lack it");
    CLI::Option* unit = detect.add_option("--unit", detect_.unit,
                                          "unit of the pixels (Jy/beam, mJy/beam, MJy/sr, K, ...), "
                                          "for headers that lack it");
    CLI::Option* pixel = detect.add_option("--pixel", detect_.pixel,
                                           "pixel scale in arcsec, for headers without usable sky "
                                           "positions; rows have none then");
    detect
        .add_option("--force-beam", detect_.forced_beam,
                    "beam as with --beam, over what headers say")
        ->excludes(beam);
    detect
        .add_option("--force-unit", detect_.forced_unit,
                    "unit as with --unit, over what headers say")
        ->excludes(unit);
    detect
        .add_option("--force-pixel", detect_.forced_pixel,
                    "pixel scale as with --pixel, over what headers say")
        ->excludes(pixel);
}

void CommandLine::add_export() {
    CLI::App& exporting =
        *app_.add_subcommand("export", "write the tiles of a catalogue in other formats");
    exporting.add_option("catalogue", request_.input, "catalogue to read, NAME.h5")->required();
    for (const catalogue::ExportFormat& format : catalogue::export_formats()) {
        exporting.add_option_function<std::string>(
            "--" + format.name,
            [this, &format](const std::string& path) {
                if (path.empty()) {
                    throw CLI::ValidationError("--" + format.name, "no path is given");
                }
                request_.exports.push_back({&format, path});
            },
            format.help);
    }
    add_overwrite(exporting);
}

void CommandLine::add_picture() {
    auto& picture = request_.picture;
    CLI::App& drawing = *app_.add_subcommand(
        "picture", "draw maps side by side, or the classified fields of a catalogue");
    drawing.add_option("inputs", picture.inputs, "maps (MAP.fits...), or one catalogue (NAME.h5)")
        ->required();
    drawing.add_option("-o,--output", picture.output, "PNG file for maps, folder for a catalogue")
        ->required();
    // Without allow_extra_args(false) a list would take the maps that follow it.
    drawing.add_option("--window", window_, "part of each map to draw, pixels from 0")
        ->type_name("X0,Y0,WIDTH,HEIGHT")
        ->delimiter(',')
        ->allow_extra_args(false);
    drawing.add_option_function<std::string>(
        "--stretch",
        [&picture](const std::string& name) { picture.stretch = report::stretch_from_name(name); },
        "brightness scale: log, asinh or linear, instead of what suits each map");
    drawing.add_option("--haloes", picture.haloes,
                       "HALOES.csv of simulate, whose haloes get circles of radius R100");
    drawing
        .add_option("--haloes-on", picture.haloes_on,
                    "numbers of the maps that get circles, from 1")
        ->type_name("N[,N...]")
        ->delimiter(',')
        ->allow_extra_args(false);
    drawing
        .add_option("--min-mass", picture.min_mass_msun,
                    "M200 of the smallest halo that gets a circle, solar masses")
        ->needs("--haloes")
        ->capture_default_str();
    add_truth_options(drawing);
    add_overwrite(drawing);
}

void CommandLine::add_truth_options(CLI::App& drawing) {
    auto& picture = request_.picture;
    drawing.add_option("--truth", picture.truth, "SKY.fits, whose signal tiles are outlined");
    drawing
        .add_option("--truth-on", picture.truth_on, "numbers of the maps that get outlines, from 1")
        ->type_name("N[,N...]")
        ->delimiter(',')
        ->allow_extra_args(false);
    drawing
        .add_option("--min-pixels", picture.label.min_pixels,
                    "number of pixels above --flux-threshold that a signal tile must exceed")
        ->needs("--truth")
        ->check(CLI::Range(0, 1048576))
        ->capture_default_str();
    drawing
        .add_option("--flux-threshold", picture.label.flux_threshold_jy_arcsec2,
                    "brightness that a pixel must exceed to count, Jy/arcsec2")
        ->needs("--truth")
        ->capture_default_str();
    drawing.add_option("--tile", picture.tile_px, "edge of a tile, pixels")
        ->needs("--truth")
        ->check(CLI::Range(8, 256))
        ->capture_default_str();
}

void CommandLine::add_info() {
    CLI::App& telling =
        *app_.add_subcommand("info", "print what a catalogue, model or FITS file is");
    telling.add_option("file", request_.input, "catalogue, model or FITS file")->required();
}

std::string CommandLine::answer() const {
    if (wants_version_) {
        return fmt::format("faintweb {} (LibTorch {}, {})", base::version(), learn::torch_version(),
                           io::library_versions());
    }
    if (wants_defaults_) {
        return campaign::dump_defaults();
    }
    if (page_ == "keys") {
        return campaign::key_docs();
    }
    return page_ == "catalogue" ? catalogue::catalogue_docs() : "";
}

void CommandLine::finish() {
    request_.command = app_.get_subcommands().front()->get_name();
    if (is_overwriting_) {
        request_.overwrite = base::Overwrite::yes;
    }
    if (request_.command == "detect") {
        take_detect(request_, detect_);
    }
    for (const pipeline::Stage* stage : pipeline::all_stages) {
        if (request_.command == campaign::stage_name(stage->name)) {
            // Last, so that it wins: what the campaign is checked for is what will be done.
            request_.overrides.push_back("stages=[" + request_.command + "]");
        }
    }
    if (request_.command == "sweep") {
        request_.overrides.push_back("stages=[simulate, train, evaluate]");
    }
    if (wants_profile_) {
        request_.overrides.emplace_back("parallel.profile=true");
    }
    if (request_.command == "picture") {
        request_.picture.window = read_window(window_);
    }
    if (request_.command == "export" && request_.exports.empty()) {
        throw base::UsageError(
            fmt::format("export: no format was asked for, give a name with one of --{}",
                        joined(catalogue::export_names(), ", --")));
    }
    // What a shell makes of a variable that is not set.
    for (const CLI::Option* option : app_.get_subcommands().front()->get_options()) {
        if (std::ranges::find(option->results(), "") != option->results().end()) {
            throw base::UsageError(fmt::format("{}: {} is empty, give a value or leave it out",
                                               request_.command, option->get_name()));
        }
    }
}

Request CommandLine::parse(int argc, char** argv) {
    try {
        app_.parse(argc, argv);
        request_.answer = answer();
    } catch (const CLI::CallForHelp&) {
        request_.answer = app_.help();
    } catch (const CLI::ParseError& error) {
        throw base::UsageError(fmt::format("{}; see faintweb --help", error.what()));
    }
    if (!request_.answer.empty()) {
        return request_;
    }
    if (app_.get_subcommands().empty()) {
        throw base::UsageError(
            "no command was given (run, simulate, train, evaluate, detect, sweep, export, picture, "
            "info), "
            "see faintweb --help");
    }
    finish();
    return request_;
}

}  // namespace

Request parse_command_line(int argc, char** argv) {
    return CommandLine().parse(argc, argv);
}

}  // namespace faintweb::apps
