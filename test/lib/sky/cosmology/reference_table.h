// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace faintweb::sky::testing {

/// Folder of the shared reference tables of cosmology; it need not exist.
inline std::filesystem::path reference_folder() {
    const char* const given = std::getenv("FAINTWEB_SHARED_DATA");
    return std::filesystem::path(given != nullptr ? given : FAINTWEB_SOURCE_DIR "/../shared/data") /
           "cosmology";
}

/// Rows of numbers of a text table; lines that begin with # are left out. Empty if the file is not
/// there.
inline std::vector<std::vector<double>> read_reference_table(const std::string& name) {
    std::ifstream file(reference_folder() / name);
    std::vector<std::vector<double>> rows;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::vector<double> row;
        for (double value = 0; words >> value;) {
            row.push_back(value);
        }
        if (!row.empty()) {
            rows.push_back(row);
        }
    }
    return rows;
}

/// The table NAME into ROWS; the test is skipped, visibly, where it is absent.
#define FAINTWEB_READ_OR_SKIP(rows, name)                                     \
    const auto rows = ::faintweb::sky::testing::read_reference_table(name);   \
    if (rows.empty()) {                                                       \
        GTEST_SKIP() << ::faintweb::sky::testing::reference_folder() / (name) \
                     << " is not there (set FAINTWEB_SHARED_DATA)";           \
    }                                                                         \
    static_assert(true)

}  // namespace faintweb::sky::testing
