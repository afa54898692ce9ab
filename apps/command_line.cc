#include "apps/command_line.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <string_view>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/campaign/campaign.h"
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
    std::string result = "[";
    for (const std::string& item : items) {
        result += (result.size() > 1 ? ", " : "") + quoted(item);
    }
    return result + "]";
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

void add_detect(Request& request, const DetectOptions& options) {
    std::vector<std::string> from_options;
    const auto set = [&](const std::string& key, const std::string& value) {
        from_options.push_back(key + "=" + value);
    };
    std::vector<std::string> maps = options.inputs;
    if (!maps.empty() && is_campaign_file(maps.front())) {
        request.campaign = maps.front();
        maps.erase(maps.begin());
    } else if (maps.empty()) {
        throw base::UsageError(
            "detect: nothing to classify, give a campaign file or --model MODEL -o CATALOGUE.h5 "
            "MAP.fits...");
    } else if (options.model.empty() || options.output.empty()) {
        throw base::UsageError(base::text("detect: ",
                                          options.model.empty() ? "--model" : "-o",
                                          " is missing (maps without a campaign file need both), "
                                          "give --model MODEL -o CATALOGUE.h5"));
    }
    if (!maps.empty()) {
        set("detect.maps", list_of(maps));
    }
    if (!options.truth.empty()) {
        set("detect.truth", list_of(options.truth));
    }
    if (!options.model.empty()) {
        set("detect.model", quoted(options.model));
    }
    if (!request.campaign.empty() && !options.output.empty()) {
        throw base::UsageError(
            "detect: -o goes with --model and maps (a campaign file says itself where its results "
            "go), use --set detect.catalogue=NAME.h5");
    }
    if (!options.output.empty()) {
        const std::filesystem::path path(options.output);
        set("output", quoted(path.has_parent_path() ? path.parent_path().string() : "."));
        set("detect.catalogue", quoted(path.filename().string()));
    }
    if (!options.accept_mismatch.empty()) {
        set("detect.accept_mismatch", list_of(options.accept_mismatch));
    }
    std::vector<std::string> forced;
    for (const auto& [fact, value] : {std::pair{"beam", options.forced_beam},
                                      {"unit", options.forced_unit},
                                      {"pixel", options.forced_pixel}}) {
        if (!value.empty()) {
            forced.emplace_back(fact);
        }
    }
    if (!forced.empty()) {
        set("detect.force", list_of(forced));
    }
    const std::string unit = options.unit + options.forced_unit;
    for (const auto& [key, value] :
         {std::pair{"detect.beam", beam_key(options.beam + options.forced_beam)},
          {"detect.unit", unit.empty() ? unit : quoted(unit)},
          {"detect.pixel_arcsec", options.pixel + options.forced_pixel},
          {"detect.hdu", options.hdu},
          {"detect.threshold", options.threshold}}) {
        if (!value.empty()) {
            set(key, value);
        }
    }
    if (request.campaign.empty()) {
        set("detect.exports", list_of(options.exports));
        set("detect.pictures", options.has_pictures ? "true" : "false");
    }
    // What --set says wins.
    request.overrides.insert(request.overrides.begin(), from_options.begin(), from_options.end());
}

/// @param window  the numbers of --window, as many as there are.
/// @return  the command.
CLI::App* add_picture_options(CLI::App& app,
                              pipeline::PictureOptions& picture,
                              std::vector<std::int64_t>& window) {
    CLI::App* drawing = app.add_subcommand(
        "picture", "draw maps side by side, or the classified fields of a catalogue");
    drawing->add_option("inputs", picture.inputs, "MAP.fits..., or CATALOGUE.h5")->required();
    drawing->add_option("-o,--output", picture.output, "PNG file for maps, folder for a catalogue")
        ->required();
    // Without allow_extra_args(false) a list would take the maps that follow it.
    drawing->add_option("--window", window, "the part of each map to draw, pixels from 0")
        ->type_name("X0,Y0,WIDTH,HEIGHT")
        ->delimiter(',')
        ->allow_extra_args(false);
    drawing->add_option_function<std::string>(
        "--stretch",
        [&picture](const std::string& name) { picture.stretch = report::stretch_from_name(name); },
        "log, asinh or linear, instead of what suits each map");
    drawing->add_option(
        "--haloes", picture.haloes, "HALOES.csv of simulate: draw circles of radius R100");
    drawing
        ->add_option("--haloes-on", picture.haloes_on, "numbers of the maps that get them, from 1")
        ->type_name("N[,N...]")
        ->delimiter(',')
        ->allow_extra_args(false);
    drawing
        ->add_option("--min-mass",
                     picture.min_mass_msun,
                     "M200 of the smallest halo that gets one, solar masses")
        ->needs("--haloes")
        ->capture_default_str();
    drawing->add_option("--truth", picture.truth, "SKY.fits: outline the tiles that are signal");
    drawing->add_option("--truth-on", picture.truth_on, "numbers of the maps that get them, from 1")
        ->type_name("N[,N...]")
        ->delimiter(',')
        ->allow_extra_args(false);
    drawing
        ->add_option("--min-pixels",
                     picture.label.min_pixels,
                     "a signal tile has more pixels than this above --flux-threshold")
        ->needs("--truth")
        ->check(CLI::Range(0, 1048576))
        ->capture_default_str();
    drawing->add_option("--flux-threshold", picture.label.flux_threshold_jy_arcsec2, "Jy/arcsec2")
        ->needs("--truth")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    drawing->add_option("--tile", picture.tile_px, "edge of a tile, pixels")
        ->needs("--truth")
        ->check(CLI::Range(8, 256))
        ->capture_default_str();
    return drawing;
}

std::optional<image::Window> read_window(const std::vector<std::int64_t>& numbers) {
    if (numbers.empty()) {
        return std::nullopt;
    }
    if (numbers.size() != 4) {
        throw base::UsageError(base::text("--window has ",
                                          numbers.size(),
                                          " numbers (it takes four), give "
                                          "--window X0,Y0,WIDTH,HEIGHT in pixels"));
    }
    return image::Window{numbers[0], numbers[1], numbers[2], numbers[3]};
}

}  // namespace

Request parse_command_line(int argc, char** argv) {
    CLI::App app("Finds faint, diffuse radio emission in survey maps.", "faintweb");
    app.formatter(std::make_shared<HelpFormatter>());
    app.require_subcommand(0, 1);
    Request request;
    bool wants_version = false;
    bool wants_defaults = false;
    bool wants_profile = false;
    app.add_flag("--version", wants_version, "print the versions of the program and its libraries");
    app.add_flag(
        "--dump-defaults", wants_defaults, "print a campaign file with every key at its default");

    bool is_overwriting = false;
    const auto add_overwrite = [&](CLI::App* command) {
        command->add_flag(
            "--overwrite", is_overwriting, "replace files that are not known to be faintweb's own");
    };
    const auto add_campaign_options = [&](CLI::App* command) {
        command
            ->add_option(
                "--set",
                request.overrides,
                "over the campaign file, once for each key; files and folders from the current one")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false);
        command->add_flag("--check", request.is_check, "check the campaign and stop");
        command->add_flag(
            "--dry-run", request.is_dry_run, "print fields, tiles, memory and bytes, and stop");
        add_overwrite(command);
    };
    const auto add_profile = [&](CLI::App* command) {
        command->add_flag("--profile", wants_profile, "print where the time went");
    };
    for (const auto& [name, help] :
         {std::pair{"run", "all stages of a campaign; what is finished and unchanged is skipped"},
          {"simulate", "make the mock skies of a campaign"},
          {"train", "train the network of a campaign"},
          {"evaluate", "score the trained network on held-out skies"},
          {"sweep", "train and score every combination of a campaign's sweep section"}}) {
        CLI::App* command = app.add_subcommand(name, help);
        command->add_option("campaign", request.campaign, "campaign file (YAML)")->required();
        add_campaign_options(command);
        if (name == std::string_view("run") || name == std::string_view("train")) {
            add_profile(command);
        }
    }
    DetectOptions options;
    CLI::App* detect = app.add_subcommand("detect", "classify maps into a catalogue");
    detect->add_option("maps", options.inputs, "FITS maps, or a campaign file (YAML)");
    detect->add_option("--model,-m", options.model, "model file");
    add_profile(detect);
    detect->add_option("-o,--output", options.output, "catalogue to write, NAME.h5");
    // Without allow_extra_args(false) a list would take the maps that follow it.
    detect
        ->add_option("--truth",
                     options.truth,
                     "sky image of each map, once for each: labels tiles and fills the outcome")
        ->type_name("SKY.fits")
        ->allow_extra_args(false);
    detect
        ->add_option("--accept-mismatch",
                     options.accept_mismatch,
                     "go on although the maps differ from the model in: pixel, beam")
        ->type_name("WHAT[,WHAT]")
        ->delimiter(',')
        ->allow_extra_args(false);
    CLI::Option* beam = detect->add_option(
        "--beam", options.beam, "MAJ[,MIN,PA] in arcsec and degrees, for headers that lack it");
    CLI::Option* unit = detect->add_option(
        "--unit", options.unit, "Jy/beam, mJy/beam, MJy/sr, K, ..., for headers that lack it");
    CLI::Option* pixel = detect->add_option(
        "--pixel",
        options.pixel,
        "pixel scale in arcsec, for headers without usable sky positions; rows have none then");
    detect->add_option("--force-beam", options.forced_beam, "the same, over what headers say")
        ->excludes(beam);
    detect->add_option("--force-unit", options.forced_unit, "the same, over what headers say")
        ->excludes(unit);
    detect->add_option("--force-pixel", options.forced_pixel, "the same, over what headers say")
        ->excludes(pixel);
    detect->add_option("--hdu", options.hdu, "HDU of the image, 0 is the primary one");
    detect->add_option(
        "--threshold",
        options.threshold,
        "score between 0 and 1 above which a tile is a detection, instead of the model's");
    detect
        ->add_option(
            "--export", options.exports, "also write: csv, fits, ds9, probability, score, rms")
        ->type_name("FORMAT[,FORMAT...]")
        ->delimiter(',')
        ->allow_extra_args(false);
    detect->add_flag("--pictures", options.has_pictures, "also draw every field as PNG");
    add_campaign_options(detect);

    CLI::App* exporting =
        app.add_subcommand("export", "write the tiles of a catalogue in other formats");
    exporting->add_option("catalogue", request.input, "NAME.h5")->required();
    exporting->add_option("--csv", request.exports.csv, "comma-separated values");
    exporting->add_option("--fits", request.exports.fits, "FITS binary table");
    exporting->add_option("--ds9", request.exports.ds9, "DS9 regions");
    for (std::size_t i = 0; i < pipeline::map_exports.size(); ++i) {
        const pipeline::MapExport& quantity = pipeline::map_exports[i];
        exporting->add_option(
            base::text("--", quantity.name),
            request.exports.maps[i],
            base::text("folder for FITS images of one pixel per tile: ", quantity.description));
    }
    add_overwrite(exporting);
    std::vector<std::int64_t> window;
    add_overwrite(add_picture_options(app, request.picture, window));
    CLI::App* telling = app.add_subcommand("info", "print what a catalogue, model or FITS file is");
    telling->add_option("file", request.input, "any of them")->required();

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        request.answer = app.help();
        return request;
    } catch (const CLI::ParseError& error) {
        throw base::UsageError(base::text(error.what(), "; see faintweb --help"));
    }
    if (wants_version) {
        request.answer = base::text("faintweb ",
                                    base::version(),
                                    " (LibTorch ",
                                    learn::torch_version(),
                                    ", ",
                                    io::library_versions(),
                                    ")");
        return request;
    }
    if (wants_defaults) {
        request.answer = campaign::dump_defaults();
        return request;
    }
    if (app.get_subcommands().empty()) {
        throw base::UsageError(
            "no command was given (run, simulate, train, evaluate, detect, sweep, export, picture, "
            "info), "
            "see faintweb --help");
    }
    request.command = app.get_subcommands().front()->get_name();
    if (is_overwriting) {
        request.overwrite = base::Overwrite::yes;
    }
    if (request.command == "detect") {
        add_detect(request, options);
    }
    for (const pipeline::Stage* stage : pipeline::all_stages) {
        if (request.command == campaign::stage_name(stage->name)) {
            // Last, so that it wins: what the campaign is checked for is what will be done.
            request.overrides.push_back("stages=[" + request.command + "]");
        }
    }
    if (request.command == "sweep") {
        request.overrides.push_back("stages=[simulate, train, evaluate]");
    }
    if (wants_profile) {
        request.overrides.emplace_back("parallel.profile=true");
    }
    if (request.command == "picture") {
        request.picture.window = read_window(window);
    }
    if (request.command == "export" && request.exports.is_empty()) {
        throw base::UsageError(
            "export: no format was asked for, give --csv, --fits, --ds9, --probability, --score or "
            "--rms with a name");
    }
    return request;
}

}  // namespace faintweb::apps
