// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/output_kinds.h"

#include <filesystem>
#include <iterator>
#include <utility>

#include "lib/base/file.h"
#include "lib/image/fits_write.h"
#include "lib/report/png_mark.h"
#include "lib/score/calibration.h"

namespace faintweb::pipeline {
namespace fs = std::filesystem;
using base::Output;

bool begins_with(const std::string& path, const std::string& bytes) {
    return base::first_bytes(path, bytes.size()) == bytes;
}

bool is_folder(const std::string& path) {
    std::error_code none;
    return fs::is_directory(path, none);
}

Output list_file(std::string path, const std::string& header) {
    return {.path = std::move(path), .objection = [header](const std::string& there) {
                return begins_with(there, header) ? ""
                                                  : "is no list of this kind that faintweb wrote";
            }};
}

Output fits_image(std::string path) {
    return {.path = std::move(path), .objection = [](const std::string& there) {
                return image::objection_to_fits(there, image::FitsContent::image);
            }};
}

Output picture_file(std::string path) {
    return {.path = std::move(path), .objection = report::objection_to_png};
}

Output other_file(std::string path) {
    return {.path = std::move(path)};
}

/// What is kept of a campaign's progress: ours by its name, but never through a link.
Output note(std::string path) {
    return {
        .path = std::move(path), .objection = [](const std::string& there) {
            std::error_code none;
            return std::string(fs::is_symlink(there, none) || fs::hard_link_count(there, none) > 1
                                   ? "is a link, and the campaign keeps its progress there"
                                   : "");
        }};
}

Output folder(std::string path) {
    return {.path = std::move(path), .kind = Output::Kind::folder};
}

void append(std::vector<Output>& outputs, std::vector<Output> more) {
    outputs.insert(outputs.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
}

void add_reliability(std::vector<Output>& outputs, const std::string& path) {
    outputs.push_back(list_file(path + ".csv", score::reliability_csv({})));
    outputs.push_back(picture_file(path + ".png"));
}

}  // namespace faintweb::pipeline
