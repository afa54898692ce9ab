// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/export_formats.h"

#include <filesystem>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

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
    const Catalogue empty;
    for (const ExportFormat& format : export_formats()) {
        const Export to{&format, (folder / ("cat" + format.ending)).string()};
        write_export(empty, to);
        const std::vector<base::Output> outputs = format.outputs(empty, to.path);
        EXPECT_EQ(outputs.size(), 1) << format.name;
        EXPECT_TRUE(std::filesystem::exists(to.path)) << format.name;
        EXPECT_NO_THROW(base::check_outputs(outputs, {}, base::Overwrite::no)) << format.name;
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace faintweb::catalogue
