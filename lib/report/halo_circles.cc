// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/halo_circles.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::report {

namespace {

constexpr std::array<std::string_view, 4> columns{"x_px", "y_px", "m200_msun", "r100_arcsec"};

std::vector<std::string_view> split(std::string_view line) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    std::vector<std::string_view> cells;
    while (true) {
        const std::size_t comma = line.find(',');
        cells.push_back(line.substr(0, comma));
        if (comma == std::string_view::npos) {
            return cells;
        }
        line.remove_prefix(comma + 1);
    }
}

std::optional<double> number(std::string_view cell) {
    double value = 0;
    const auto [end, fault] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool is_number = fault == std::errc() && end == cell.data() + cell.size();
    return is_number && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// Where each of the columns stands in the first line.
std::array<std::size_t, columns.size()> find_columns(const std::string& path,
                                                     const std::string& line) {
    const std::vector<std::string_view> names = split(line);
    std::array<std::size_t, columns.size()> places{};
    std::string missing;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        places[i] = static_cast<std::size_t>(std::ranges::find(names, columns[i]) - names.begin());
        if (places[i] == names.size()) {
            missing += fmt::format("{}{}", missing.empty() ? "" : ", ", columns[i]);
        }
    }
    if (!missing.empty()) {
        throw base::InputError(
            fmt::format("{}: no column {} in its first line (circles need them), give the "
                        "haloes_NUMBER.csv that simulate writes",
                        path, missing));
    }
    return places;
}

}  // namespace

std::vector<Circle> read_halo_circles(const std::string& path,
                                      double min_mass_msun,
                                      double pixel_arcsec) {
    FAINTWEB_EXPECTS(pixel_arcsec > 0);
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line)) {
        throw base::InputError(fmt::format(
            "{} cannot be read or is empty (it should list haloes), give another file", path));
    }
    const auto places = find_columns(path, line);
    std::vector<Circle> circles;
    for (std::int64_t line_number = 2; std::getline(file, line); ++line_number) {
        const std::vector<std::string_view> cells = split(line);
        std::array<double, columns.size()> values{};
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto value = places[i] < cells.size() ? number(cells[places[i]]) : std::nullopt;
            if (!value) {
                throw base::InputError(fmt::format(
                    "{}:{}: {} is missing or no number (every halo has one), write the file again",
                    path, line_number, columns[i]));
            }
            values[i] = *value;
        }
        const auto [x_px, y_px, mass_msun, radius_arcsec] = values;
        if (mass_msun >= min_mass_msun) {
            circles.push_back({x_px, y_px, radius_arcsec / pixel_arcsec});
        }
    }
    return circles;
}

}  // namespace faintweb::report
