// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace faintweb::image {

/// A folder of its own for one test, gone afterwards.
class TestFolder {
  public:
    TestFolder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "faintweb-image-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

inline std::string card(const std::string& key, const std::string& value) {
    std::string line = key;
    line.resize(8, ' ');
    line += "= " + value;
    line.resize(80, ' ');
    return line;
}

/// Raw FITS: whatever cards are given, END, padding, then the data padded.
inline std::string raw_fits(const std::vector<std::pair<std::string, std::string>>& cards,
                            std::string data) {
    std::string bytes;
    for (const auto& [key, value] : cards) {
        bytes += card(key, value);
    }
    std::string end = "END";
    end.resize(80, ' ');
    bytes += end;
    bytes.resize((bytes.size() + 2879) / 2880 * 2880, ' ');
    data.resize((data.size() + 2879) / 2880 * 2880, '\0');
    return bytes + data;
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A primary header of the given BITPIX and axes, in the order that FITS asks for.
inline std::vector<std::pair<std::string, std::string>> primary_cards(
    int bitpix, const std::vector<std::string>& axes) {
    std::vector<std::pair<std::string, std::string>> cards = {
        {"SIMPLE", "T"},
        {"BITPIX", std::to_string(bitpix)},
        {"NAXIS", std::to_string(axes.size())}};
    for (std::size_t n = 0; n < axes.size(); ++n) {
        cards.emplace_back("NAXIS" + std::to_string(n + 1), axes[n]);
    }
    return cards;
}

}  // namespace faintweb::image
