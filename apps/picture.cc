// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/picture.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/core.h>

#include "apps/commands.h"
#include "lib/base/error.h"
#include "lib/report/png_mark.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_files.h"
#include "mpi/pipeline/catalogue_maps.h"
#include "mpi/pipeline/pictures.h"

namespace faintweb::apps {
namespace {

/// @param file  what the option marks the maps with; `file_option` gives it.
void check_numbers(const char* option,
                   const std::vector<int>& numbers,
                   std::size_t n_maps,
                   const char* file_option,
                   const std::string& file) {
    if (!numbers.empty() && file.empty()) {
        throw base::UsageError(fmt::format(
            "{} is given without {} (there is nothing to mark the maps with), give both or neither",
            option, file_option));
    }
    for (const int number : numbers) {
        if (number < 1 || number > static_cast<int>(n_maps)) {
            throw base::UsageError(fmt::format("{} {} means no map ({}{}), count them from 1",
                                               option, number, n_maps,
                                               n_maps == 1 ? " is given" : " are given"));
        }
    }
}

void check_limit(const char* option, double value) {
    if (!(value >= 0 && std::isfinite(value))) {
        throw base::UsageError(fmt::format(
            "{} is {:g} (no limit can be that), give a positive number", option, value));
    }
}

}  // namespace

base::ExitCode picture(const pipeline::PictureOptions& options, base::Overwrite overwrite) {
    const std::size_t n = options.inputs.size();
    const auto catalogue = std::ranges::find_if(options.inputs, [](const std::string& path) {
        return pipeline::kind_of(path) == pipeline::FileKind::catalogue;
    });
    if (catalogue != options.inputs.end()) {
        if (n > 1 || options.window || options.stretch || !options.haloes.empty() ||
            !options.truth.empty() || !options.haloes_on.empty() || !options.truth_on.empty()) {
            throw base::UsageError(
                fmt::format("{} is a catalogue (its fields are drawn as they were classified), "
                            "give it alone and with -o only",
                            *catalogue));
        }
        const catalogue::Catalogue read = io::read_catalogue(*catalogue);
        base::check_outputs(pipeline::outputs_of_pictures(read, options.output),
                            pipeline::inputs_of_catalogue(*catalogue, read), overwrite);
        pipeline::draw_catalogue(read, *catalogue, options.output);
        return base::ExitCode::done;
    }
    if (n > report::most_in_row) {
        throw base::UsageError(
            fmt::format("{} maps are too many for one picture (at most {}), draw several", n,
                        report::most_in_row));
    }
    check_numbers("--haloes-on", options.haloes_on, n, "--haloes", options.haloes);
    check_numbers("--truth-on", options.truth_on, n, "--truth", options.truth);
    check_limit("--min-mass", options.min_mass_msun);
    check_limit("--flux-threshold", options.label.flux_threshold_jy_arcsec2);
    std::vector<std::string> inputs = options.inputs;
    for (const std::string& file : {options.haloes, options.truth}) {
        if (!file.empty()) {
            inputs.push_back(file);
        }
    }
    const base::Output output{.path = options.output, .objection = report::objection_to_png};
    base::check_outputs(std::span(&output, 1), inputs, overwrite);
    pipeline::draw_maps(options);
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
