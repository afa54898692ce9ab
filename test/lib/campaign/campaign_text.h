// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/campaign/campaign.h"

// What the tests of campaigns share: short texts, and what is said of them.
namespace faintweb::campaign {

using Texts = std::vector<std::string>;

/// What every campaign needs, in three lines: what a test adds begins at line 4.
inline const std::string needed =
    "name: t\noutput: out\nstages: [simulate, train, evaluate, detect]\n";

/// The campaign of a file c.yaml with this text.
inline Campaign parse(const std::string& text, const Texts& overrides = {}) {
    return parse_campaign(text, "c.yaml", overrides);
}

/// What a UsageError of the work says.
template <typename Work>
std::string fault_of(const Work& work) {
    try {
        work();
    } catch (const base::UsageError& error) {
        EXPECT_EQ(error.code(), base::ExitCode::usage);
        return error.what();
    }
    return "no fault";
}

/// What is said of a file c.yaml with this text.
inline std::string fault_in(const std::string& text, const Texts& overrides = {}) {
    return fault_of([&] { parse(text, overrides); });
}

/// A folder of this test's own, removed at its end.
class Folder {
  public:
    Folder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "faintweb-campaign-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

  private:
    std::filesystem::path path_;
};

}  // namespace faintweb::campaign
