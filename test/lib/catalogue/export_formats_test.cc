// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/export_formats.h"

#include <filesystem>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/catalogue/maps.h"

namespace faintweb::catalogue {
namespace {

TEST(ExportFormats, DifferInNamesAndEndings) {
    std::set<std::string> names;
    std::set<std::string> endings;
    for (const ExportFormat& format : export_formats()) {
        EXPECT_TRUE(names.insert(format.name).second) << format.name;
        EXPECT_TRUE(endings.insert(format.ending).second) << format.ending;
        EXPECT_EQ(&export_format(format.name), &format);
    }
    EXPECT_EQ(export_names().size(), names.size());
}

TEST(ExportFormats, MayReplaceWhatTheyWrote) {
    const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) /
                                         ("faintweb_exports_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    // A map of one tile, whose calibration the catalogue knows.
    Catalogue catalogue;
    catalogue.maps.emplace_back();
    catalogue.maps[0].path = "sky/map.fits";
    catalogue.maps[0].cols = catalogue.maps[0].rows = 2;
    catalogue.maps[0].n_fields = 1;
    catalogue.fields.emplace_back();
    catalogue.fields[0].tile_px = 2;
    catalogue.fields[0].n_tile_cols = catalogue.fields[0].n_tile_rows = 1;
    catalogue.scores = {0.5F};
    catalogue.local_rms = {1e-7F};
    for (const char* key : calibration_keys) {
        catalogue.provenance.settings.emplace_back(key, "1");
    }
    for (const ExportFormat& format : export_formats()) {
        const Export to{&format, (folder / ("cat" + format.ending)).string()};
        write_export(catalogue, to);
        const std::vector<base::Output> outputs = format.outputs(catalogue, to.path);
        const bool is_folder = std::filesystem::is_directory(to.path);
        EXPECT_EQ(outputs.size(), is_folder ? 2 : 1) << format.name;
        for (const base::Output& output : outputs) {
            EXPECT_TRUE(std::filesystem::exists(output.path)) << output.path;
        }
        EXPECT_NO_THROW(base::check_outputs(outputs, {}, base::Overwrite::no)) << format.name;
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace faintweb::catalogue
