// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/header_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/units.h"

namespace faintweb::image {

using base::InputError;

namespace {

/// The number behind "KEY=" in an AIPS history line.
std::optional<double> aips_number(const std::string& line, const std::string& key) {
    const std::size_t place = line.find(key + "=");
    if (place == std::string::npos) {
        return std::nullopt;
    }
    const std::size_t first = line.find_first_not_of(' ', place + key.size() + 1);
    if (first == std::string::npos) {
        return std::nullopt;
    }
    return parse_number(std::string_view(line).substr(first, line.find(' ', first) - first));
}

/// A Beam from degrees, with the axes in the right order.
Beam beam_from_deg(double major_deg, double minor_deg, double angle_deg) {
    if (minor_deg > major_deg) {
        return beam_from_deg(minor_deg, major_deg, angle_deg + 90);
    }
    return {major_deg * base::arcsec_per_deg, minor_deg * base::arcsec_per_deg, angle_deg};
}

}  // namespace

std::optional<Beam> find_beam(const FitsCards& cards) {
    if (!cards.has("BMAJ")) {
        return std::nullopt;
    }
    for (const char* const key : {"BMAJ", "BMIN"}) {
        const auto value = cards.number(key);
        if (!value || *value <= 0) {
            throw InputError(
                fmt::format("{}{} (no width of a beam)", key,
                            cards.has(key) ? " = " + cards.text(key).value_or("") : " is missing"));
        }
    }
    if (cards.has("BPA") && !cards.number("BPA")) {
        throw InputError(fmt::format("BPA = {} (no angle)", cards.text("BPA").value_or("")));
    }
    for (const char* const key : {"BMAJ", "BMIN", "BPA"}) {
        if (cards.is_contradicted(key)) {
            throw InputError(fmt::format("{} stands twice with different values (no beam)", key));
        }
    }
    return beam_from_deg(*cards.number("BMAJ"), *cards.number("BMIN"),
                         cards.number("BPA").value_or(0));
}

std::optional<Beam> find_history_beam(const FitsCards& cards) {
    std::optional<Beam> last;
    for (const std::string& line : cards.history()) {
        if (line.find("CLEAN BMAJ=") == std::string::npos) {
            continue;
        }
        const auto major = aips_number(line, "BMAJ");
        const auto minor = aips_number(line, "BMIN");
        if (!major || !minor || *major <= 0 || *minor <= 0) {
            throw InputError("the AIPS HISTORY card with CLEAN BMAJ= holds no beam");
        }
        last = beam_from_deg(*major, *minor, aips_number(line, "BPA").value_or(0));
    }
    return last;
}

double find_frequency_hz(const FitsCards& cards) {
    const auto is_radio = [](double hz) { return hz >= 1e6 && hz <= 1e13; };
    using Named = std::pair<std::string_view, double>;
    constexpr std::array<Named, 5> units = {
        {{"", 1}, {"hz", 1}, {"khz", 1e3}, {"mhz", 1e6}, {"ghz", 1e9}}};
    constexpr int max_axes = 9;
    for (int n = 1; n <= max_axes; ++n) {
        if (!cards.text(fmt::format("CTYPE{}", n)).value_or("").starts_with("FREQ")) {
            continue;
        }
        std::string cunit = cards.text(fmt::format("CUNIT{}", n)).value_or("");
        std::ranges::transform(cunit, cunit.begin(), [](unsigned char letter) {
            return static_cast<char>(std::tolower(letter));
        });
        const auto unit = std::ranges::find(units, cunit, &Named::first);
        const double step = cards.number(fmt::format("CDELT{}", n)).value_or(0);
        const double frequency = cards.number(fmt::format("CRVAL{}", n)).value_or(0) +
                                 (1 - cards.number(fmt::format("CRPIX{}", n)).value_or(1)) * step;
        if (unit != units.end() && is_radio(frequency * unit->second)) {
            return frequency * unit->second;
        }
    }
    for (const char* const key : {"RESTFRQ", "RESTFREQ", "OBSFREQ", "FREQ"}) {
        if (const auto value = cards.number(key); value && is_radio(*value)) {
            return *value;
        }
    }
    return 0;
}

}  // namespace faintweb::image
