// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/wcs_cards.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::image {
namespace {

using base::InputError;

/// The whole numbers in a key behind its name: {1, 2} of "PC1_2" and "PC001002"; none if the key is
/// not built so.
std::optional<std::vector<int>> numbers_behind(std::string_view key, std::string_view name) {
    if (!key.starts_with(name)) {
        return std::nullopt;
    }
    std::vector<std::string_view> parts;
    const std::string_view rest = key.substr(name.size());
    const std::size_t bar = rest.find('_');
    if (bar != std::string_view::npos) {
        parts = {rest.substr(0, bar), rest.substr(bar + 1)};
    } else if ((name == "PC" || name == "CD") && rest.size() == 6) {
        parts = {rest.substr(0, 3), rest.substr(3)};
    } else {
        parts = {rest};
    }
    std::vector<int> numbers;
    for (const std::string_view part : parts) {
        int number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc() || end != part.data() + part.size() || number < 0) {
            return std::nullopt;
        }
        numbers.push_back(number);
    }
    return numbers;
}

/// The celestial part of a header, card by card.
class CelestialHeader {
  public:
    CelestialHeader(const FitsCards& cards, const CelestialAxes& axes)
        : cards_(cards), axes_(axes) {
        for (std::size_t card = 0; card < cards.count(); ++card) {
            const std::string key(cards.key(card));
            const auto value = cards.value(card);
            const std::string name = value ? own_name(key) : "";
            if (name.empty()) {
                continue;
            }
            const auto [first, is_first] = found_.emplace(name, Found{key, card, *value, {}});
            if (!is_first && !is_same_value(first->second.value, *value)) {
                first->second.other = value->text;
            }
        }
    }

    std::string write() {
        write_number("WCSAXES", 2);
        for (const int axis : {1, 2}) {
            write_text(fmt::format("CTYPE{}", axis));
            write_text(fmt::format("CUNIT{}", axis));
            write_number(fmt::format("CRPIX{}", axis), required(fmt::format("CRPIX{}", axis)));
            write_number(fmt::format("CRVAL{}", axis), required(fmt::format("CRVAL{}", axis)));
        }
        write_pixels();
        for (const char* const key : {"LONPOLE", "LATPOLE"}) {
            write_number(key, number(key));
        }
        write_frame();
        write_projection();
        return written_;
    }

  private:
    struct Found {
        std::string key;  ///< as it stands in the header
        std::size_t card = 0;
        CardValue value;
        std::optional<std::string> other;  ///< what it says as well
    };
    using Matrix = std::array<double, 4>;

    /// 1 for the longitude, 2 for the latitude, 0 for another axis; counted from 1.
    int own_axis(int axis) const {
        return axis == axes_.longitude + 1 ? 1 : axis == axes_.latitude + 1 ? 2 : 0;
    }

    /// What a key is called in a header of the two celestial axes; empty if it says nothing of
    /// them.
    std::string own_name(const std::string& key) const {
        for (const char* const name :
             {"LONPOLE", "LATPOLE", "EQUINOX", "EPOCH", "RADESYS", "RADECSYS"}) {
            if (key == name) {
                return key;
            }
        }
        for (const char* const name : {"CTYPE", "CUNIT", "CRVAL", "CRPIX", "CDELT", "CROTA"}) {
            const auto numbers = numbers_behind(key, name);
            if (numbers && numbers->size() == 1) {
                const int axis = own_axis(numbers->front());
                return axis == 0 ? "" : fmt::format("{}{}", name, axis);
            }
        }
        for (const char* const name : {"PC", "CD", "PV"}) {
            const auto numbers = numbers_behind(key, name);
            if (!numbers || numbers->size() != 2 || own_axis((*numbers)[0]) == 0) {
                continue;
            }
            const std::string row = fmt::format("{}{}_", name, own_axis((*numbers)[0]));
            const int column = own_axis((*numbers)[1]);
            return name == std::string_view("PV") ? fmt::format("{}{}", row, (*numbers)[1])
                   : column != 0                  ? fmt::format("{}{}", row, column)
                                                  : fmt::format("{}x{}", row, (*numbers)[1]);
        }
        // Before PVi_m there was this, for the latitude.
        if (const auto numbers = numbers_behind(key, "PROJP"); numbers && numbers->size() == 1) {
            return fmt::format("PROJP{}", numbers->front());
        }
        return is_distortion(key) ? key : "";
    }

    /// What bends pixels; kept under its own name.
    static bool is_distortion(const std::string& key) {
        return is_sip(key) || key.starts_with("WAT1_") || key.starts_with("WAT2_") ||
               key == "CPDIS1" || key == "CPDIS2" || key == "CQDIS1" || key == "CQDIS2";
    }

    static bool is_sip(const std::string& key) {
        for (const char* const name : {"A_", "B_", "AP_", "BP_"}) {
            if (key.starts_with(name)) {
                const std::string rest = key.substr(std::string_view(name).size());
                const auto numbers = numbers_behind(rest, "");
                return rest == "ORDER" || rest == "DMAX" || (numbers && numbers->size() == 2);
            }
        }
        return false;
    }

    const Found* find(const std::string& name) const {
        const auto found = found_.find(name);
        if (found == found_.end()) {
            return nullptr;
        }
        if (found->second.other) {
            throw InputError(fmt::format("{} stands twice and says {} and {} (no sky positions)",
                                         found->second.key, found->second.value.text,
                                         *found->second.other));
        }
        return &found->second;
    }

    [[noreturn]] static void refuse(const Found& found, const std::string& why) {
        throw InputError(fmt::format("{} = {} {}", found.key, found.value.text, why));
    }

    std::optional<double> number(const std::string& name) const {
        const Found* const found = find(name);
        if (found == nullptr) {
            return std::nullopt;
        }
        const auto value = found->value.is_closed ? parse_number(found->value.text) : std::nullopt;
        if (found->value.text.empty()) {
            throw InputError(found->key + " is empty (no sky positions)");
        }
        if (!value) {
            refuse(*found, "is no finite number (no sky positions)");
        }
        return value;
    }

    double required(const std::string& name) const {
        const auto value = number(name);
        if (!value) {
            const int axis = name.back() == '1' ? axes_.longitude : axes_.latitude;
            throw InputError(fmt::format("{}{} is missing (no sky positions)",
                                         name.substr(0, name.size() - 1), axis + 1));
        }
        return *value;
    }

    /// The text behind a name, empty if there is none.
    std::string word(const std::string& name) const {
        const Found* const found = find(name);
        if (found != nullptr && !found->value.is_closed) {
            refuse(*found, "has no closing quote (the card is damaged)");
        }
        return found == nullptr ? "" : found->value.text;
    }

    void write_card(const std::string& key, const std::string& value) {
        std::string card = key;
        card.resize(8, ' ');
        card += "= " + value;
        card.resize(card_bytes, ' ');
        written_ += card;
    }

    void write_number(const std::string& key, std::optional<double> value) {
        if (value) {
            std::array<char, 32> digits{};
            std::snprintf(digits.data(), digits.size(), "%20.17G", *value);
            write_card(key, digits.data());
        }
    }

    void write_text(const std::string& name) {
        if (const std::string value = word(name); !value.empty()) {
            // Quotes are in no name that wcslib knows.
            write_card(name, "'" + value.substr(0, value.find('\'')) + "'");
        }
    }

    bool has_any(std::string_view name) const {
        return std::ranges::any_of(
            found_, [&](const auto& found) { return found.first.starts_with(name); });
    }

    /// Elements of PCi_j or CDi_j, row by row.
    Matrix matrix(const std::string& name, double diagonal) const {
        for (const auto& [own, found] : found_) {
            if (own.starts_with(name) && own.find('x') != std::string::npos && number(own) != 0) {
                refuse(found, "mixes the sky with another axis, cut out one plane first");
            }
        }
        Matrix elements{};
        for (const int i : {1, 2}) {
            for (const int j : {1, 2}) {
                elements[static_cast<std::size_t>(2 * i + j - 3)] =
                    number(fmt::format("{}{}_{}", name, i, j)).value_or(i == j ? diagonal : 0);
            }
        }
        return elements;
    }

    /// The steps of a pixel: PCi_j and CDELTn, or CDi_j, or CDELTn and CROTAn.
    void write_pixels() {
        const bool has_pc = has_any("PC");
        const bool has_cd = has_any("CD1_") || has_any("CD2_");
        const std::string axis1 = fmt::format("{}", axes_.longitude + 1);
        const std::string axis2 = fmt::format("{}", axes_.latitude + 1);
        const auto names = [&](const std::string& name) {
            return fmt::format("{}{}_{} .. {}{}_{}", name, axis1, axis1, name, axis2, axis2);
        };
        Matrix cd{};
        if (has_cd) {
            cd = matrix("CD", 0);
            check_size(cd, names("CD"));
        }
        if (has_cd && !has_pc) {
            for (const int i : {1, 2}) {
                for (const int j : {1, 2}) {
                    write_number(fmt::format("CD{}_{}", i, j),
                                 cd[static_cast<std::size_t>(2 * i + j - 3)]);
                }
            }
            return;
        }
        const std::array<double, 2> step = {required("CDELT1"), required("CDELT2")};
        for (const int axis : {1, 2}) {
            if (step[static_cast<std::size_t>(axis - 1)] == 0) {
                refuse(*find(fmt::format("CDELT{}", axis)), "(a pixel of no size)");
            }
            write_number(fmt::format("CDELT{}", axis), step[static_cast<std::size_t>(axis - 1)]);
        }
        if (!has_pc) {
            write_number("CROTA2", number("CROTA2"));
            return;
        }
        Matrix pc = matrix("PC", 1);
        check_size(pc, names("PC"));
        for (const int i : {1, 2}) {
            for (const int j : {1, 2}) {
                double& element = pc[static_cast<std::size_t>(2 * i + j - 3)];
                write_number(fmt::format("PC{}_{}", i, j), element);
                element *= step[static_cast<std::size_t>(i - 1)];
            }
        }
        constexpr double same = 1e-6;
        for (std::size_t k = 0; has_cd && k < cd.size(); ++k) {
            const double largest =
                std::max(std::abs(cd[0]) + std::abs(cd[1]), std::abs(cd[2]) + std::abs(cd[3]));
            if (!(std::abs(cd[k] - pc[k]) <= same * largest)) {
                throw InputError(fmt::format("{} and {} give different pixels (no sky positions)",
                                             names("CD"), names("PC")));
            }
        }
    }

    static void check_size(const Matrix& m, const std::string& names) {
        constexpr double thinnest = 1e-6;
        const double product = std::hypot(m[0], m[2]) * std::hypot(m[1], m[3]);
        if (!(std::abs(m[0] * m[3] - m[1] * m[2]) > thinnest * product)) {
            throw InputError(names + " are a singular matrix (a pixel of no size)");
        }
    }

    /// RADESYS and EQUINOX of a map in right ascension.
    void write_frame() {
        if (!word("CTYPE1").starts_with("RA")) {
            return;
        }
        const std::string name = found_.contains("RADESYS") ? "RADESYS" : "RADECSYS";
        std::string system = word(name);
        std::ranges::transform(system, system.begin(),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known = {
            {{"ICRS", "ICRS"},
             {"FK5", "FK5"},
             {"J2000", "FK5"},
             {"FK4", "FK4"},
             {"B1950", "FK4"},
             {"FK4-NO-E", "FK4-NO-E"}}};
        if (!system.empty()) {
            const auto found =
                std::ranges::find(known, system, [](const auto& pair) { return pair.first; });
            if (found == known.end()) {
                refuse(*find(name),
                       "is no frame that is known (only ICRS, FK5, FK4 and FK4-NO-E are)");
            }
            system = found->second;
            write_card("RADESYS", "'" + system + "'");
        }
        if (system != "ICRS") {
            write_number("EQUINOX", equinox_yr());
        }
    }

    /// None if the header does not say, or says 0 as AIPS does.
    std::optional<double> equinox_yr() const {
        const std::string name = found_.contains("EQUINOX") ? "EQUINOX" : "EPOCH";
        std::string year = word(name);
        if (year.empty() && find(name) == nullptr) {
            return std::nullopt;
        }
        if (year.starts_with('J') || year.starts_with('B')) {
            year.erase(0, 1);
        }
        constexpr double first = 1800;
        constexpr double last = 2200;
        const auto value = parse_number(year);
        if (!value || (*value != 0 && !(*value >= first && *value <= last))) {
            refuse(*find(name), "is no year of an equinox (no sky positions)");
        }
        return *value == 0 ? std::nullopt : value;
    }

    void write_projection() {
        for (const auto& [name, found] : found_) {
            if (name.starts_with("PV")) {
                write_number(name, number(name));
            } else if (name.starts_with("PROJP")) {
                const std::string own = "PV2_" + name.substr(5);
                write_number(own, found_.contains(own) ? std::nullopt : number(name));
            } else if (is_distortion(name)) {
                if (axes_.longitude != 0 || axes_.latitude != 1) {
                    refuse(found, "bends axes that are not the first two, reorder the axes first");
                }
                if (is_sip(name)) {
                    write_number(name, number(name));
                } else if (name.starts_with("WAT")) {
                    word(name);
                    // As it stands: blanks at the end of its text count.
                    written_ += cards_.cards().substr(found.card * card_bytes, card_bytes);
                } else {
                    refuse(found, "is a distortion that is not known, reproject the map");
                }
            }
        }
    }

    const FitsCards& cards_;
    CelestialAxes axes_;
    std::map<std::string, Found> found_;
    std::string written_;
};

}  // namespace

std::string celestial_cards(const FitsCards& cards, const CelestialAxes& axes) {
    return CelestialHeader(cards, axes).write();
}

}  // namespace faintweb::image
