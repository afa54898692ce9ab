// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/brightness_unit.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/units.h"

namespace faintweb::image {
namespace {

using base::InputError;

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

/// Powers of what a unit is made of, and the factor in front of them.
struct Powers {
    double factor = 1;
    int jansky = 0;
    int beam = 0;
    int arcsec = 0;
    int kelvin = 0;

    void multiply(const Powers& other, int power) {
        factor *= std::pow(other.factor, power);
        jansky += other.jansky * power;
        beam += other.beam * power;
        arcsec += other.arcsec * power;
        kelvin += other.kelvin * power;
    }
};

/// The factor of an SI prefix; none if it is no prefix.
///
/// In capitals M may be either: it is mega only where the rest shows that case means something.
std::optional<double> prefix_factor(std::string_view prefix, bool has_case) {
    using Named = std::pair<std::string_view, double>;
    constexpr std::array<Named, 9> letters = {{{"p", 1e-12},
                                               {"n", 1e-9},
                                               {"u", 1e-6},
                                               {"\xc2\xb5", 1e-6},
                                               {"\xce\xbc", 1e-6},
                                               {"m", 1e-3},
                                               {"k", 1e3},
                                               {"M", 1e6},
                                               {"G", 1e9}}};
    constexpr std::array<Named, 7> words = {{{"pico", 1e-12},
                                             {"nano", 1e-9},
                                             {"micro", 1e-6},
                                             {"milli", 1e-3},
                                             {"kilo", 1e3},
                                             {"mega", 1e6},
                                             {"giga", 1e9}}};
    constexpr std::array<Named, 3> capitals = {{{"N", 1e-9}, {"U", 1e-6}, {"K", 1e3}}};
    if (prefix.empty()) {
        return 1;
    }
    if (prefix == "M" && !has_case) {
        throw InputError("M in capitals may mean milli or mega");
    }
    const auto find = [](const auto& table, std::string_view name) -> std::optional<double> {
        const auto found = std::ranges::find(table, name, &Named::first);
        return found == table.end() ? std::nullopt : std::optional(found->second);
    };
    if (const auto factor = find(letters, prefix)) {
        return factor;
    }
    if (const auto factor = find(words, lower(prefix))) {
        return factor;
    }
    return has_case ? std::nullopt : find(capitals, prefix);
}

/// A prefix and one of the names; none if the text does not end in one.
std::optional<double> prefixed(std::string_view text,
                               std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (!lower(text).ends_with(name)) {
            continue;
        }
        const std::string_view prefix = text.substr(0, text.size() - name.size());
        const std::string_view rest = text.substr(prefix.size());
        const bool has_case = rest.size() > 1 && rest.front() != lower(rest).front() &&
                              rest.substr(1) == lower(rest.substr(1));
        if (const auto factor = prefix_factor(prefix, has_case)) {
            return factor;
        }
    }
    return std::nullopt;
}

std::optional<Powers> square_of(std::string_view name);

/// One unit by its name.
std::optional<Powers> named_unit(std::string_view name) {
    constexpr double arcsec_per_arcmin = 60;
    const std::string small = lower(name);
    const auto is = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, small) != names.end();
    };
    if (is({"beam", "bm", "b", "clnbeam"})) {
        return Powers{.beam = 1};
    }
    if (is({"arcsec", "asec", "arcsecond"})) {
        return Powers{.arcsec = 1};
    }
    if (is({"arcmin", "amin", "arcminute"})) {
        return Powers{.factor = arcsec_per_arcmin, .arcsec = 1};
    }
    if (is({"deg", "degree"})) {
        return Powers{.factor = base::arcsec_per_deg, .arcsec = 1};
    }
    if (is({"rad", "radian"})) {
        return Powers{.factor = base::arcsec_per_rad, .arcsec = 1};
    }
    if (is({"sr", "ster", "sterad", "steradian"})) {
        return Powers{.factor = base::arcsec_per_rad * base::arcsec_per_rad, .arcsec = 2};
    }
    if (small.starts_with("sq") || small.ends_with("sq")) {
        return square_of(small.starts_with("sq") ? name.substr(2)
                                                 : name.substr(0, name.size() - 2));
    }
    if (const auto factor = prefixed(name, {"jy", "jansky"})) {
        return Powers{.factor = *factor, .jansky = 1};
    }
    // A k alone means kilo.
    if (name.ends_with('K') || small.ends_with("kelvin")) {
        if (const auto factor = prefixed(name, {"kelvin", "k"})) {
            return Powers{.factor = *factor, .kelvin = 1};
        }
    }
    return std::nullopt;
}

/// The area of a square whose edge has this unit.
std::optional<Powers> square_of(std::string_view name) {
    const auto edge = named_unit(name);
    if (!edge || edge->arcsec != 1) {
        return std::nullopt;
    }
    Powers area;
    area.multiply(*edge, 2);
    return area;
}

/// Reads a product of units and their powers; a slash counts for the unit after it alone.
class UnitReader {
  public:
    explicit UnitReader(std::string_view text) : rest_(text) {}

    std::optional<Powers> read() {
        const double factor = read_factor();
        auto powers = read_product();
        if (!powers || !rest_.empty()) {
            return std::nullopt;
        }
        powers->factor *= factor;
        return powers;
    }

  private:
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }

    void skip_blanks() {
        while (take(" ")) {
        }
    }

    /// A whole number with its sign, in brackets or not; none if there is none.
    std::optional<int> read_integer() {
        const std::string_view before = rest_;
        const bool has_bracket = take("(");
        take("+");
        int number = 0;
        const auto [end, error] =
            std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
        constexpr int most = 30;
        if (error == std::errc() && std::abs(number) <= most) {
            rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
            if (!has_bracket || take(")")) {
                return number;
            }
        }
        rest_ = before;
        return std::nullopt;
    }

    /// "10**-3", "10^-3", "10-3", "0.001", "1e-3", or nothing, which is 1.
    double read_factor() {
        skip_blanks();
        // "nanoJy" begins with what reads as a number.
        if (rest_.empty() ||
            std::string_view("0123456789.+-").find(rest_.front()) == std::string_view::npos) {
            return 1;
        }
        double factor = 1;
        const auto [end, error] =
            std::from_chars(rest_.data(), rest_.data() + rest_.size(), factor);
        if (error != std::errc()) {
            return 1;
        }
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        const bool is_power =
            take("**") || take("^") || rest_.starts_with('+') || rest_.starts_with('-');
        if (is_power) {
            const auto power = read_integer();
            return power ? std::pow(factor, *power) : 0;
        }
        return factor;
    }

    std::optional<Powers> read_product() {
        Powers product;
        bool has_any = false;
        for (;;) {
            int sign = 1;
            for (bool is_between = true; is_between;) {
                if (take("/") || take("_") || take("per ") || take("PER ")) {
                    sign = -sign;
                } else {
                    is_between = take(" ") || take(".") || (!rest_.starts_with("**") && take("*"));
                }
            }
            if (rest_.empty() || rest_.starts_with(')')) {
                return has_any && sign == 1 ? std::optional(product) : std::nullopt;
            }
            const auto term = read_term();
            if (!term) {
                return std::nullopt;
            }
            product.multiply(*term, sign);
            has_any = true;
        }
    }

    std::optional<Powers> read_term() {
        std::optional<Powers> unit;
        if (take("(")) {
            unit = read_product();
            if (!take(")")) {
                return std::nullopt;
            }
        } else {
            const std::string_view name = read_name();
            if (lower(name) == "sq") {
                skip_blanks();
                unit = square_of(read_name());
            } else {
                unit = named_unit(name);
            }
        }
        if (!unit) {
            return std::nullopt;
        }
        Powers powers;
        const bool has_sign = take("**") || take("^");
        const auto power = rest_.starts_with('(') && !has_sign ? std::nullopt : read_integer();
        if (has_sign && !power) {
            return std::nullopt;
        }
        powers.multiply(*unit, power.value_or(1));
        return powers;
    }

    std::string_view read_name() {
        const auto is_of_name = [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; };
        const auto end = std::ranges::find_if_not(rest_, is_of_name);
        const std::string_view name =
            rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(name.size());
        return name;
    }

    std::string_view rest_;
};

}  // namespace

const char* unit_name(PixelUnit unit) {
    switch (unit) {
        case PixelUnit::jy_beam:
            return "Jy/beam";
        case PixelUnit::jy_arcsec2:
            return "Jy/arcsec2";
        case PixelUnit::kelvin:
            return "K";
    }
    return "";
}

ScaledUnit parse_unit(const std::string& text) {
    // Longer than any header's; brackets within brackets take stack.
    constexpr std::size_t longest = 100;
    const auto powers = text.size() > longest ? std::nullopt : UnitReader(text).read();
    if (powers && std::isfinite(powers->factor) && powers->factor > 0) {
        const auto is = [&](int jansky, int beam, int arcsec, int kelvin) {
            return powers->jansky == jansky && powers->beam == beam && powers->arcsec == arcsec &&
                   powers->kelvin == kelvin;
        };
        if (is(1, -1, 0, 0)) {
            return {PixelUnit::jy_beam, powers->factor};
        }
        if (is(1, 0, -2, 0)) {
            return {PixelUnit::jy_arcsec2, powers->factor};
        }
        if (is(0, 0, 0, 1)) {
            return {PixelUnit::kelvin, powers->factor};
        }
    }
    throw InputError("no unit of brightness that is known");
}

double jy_arcsec2_per_kelvin(double frequency_hz) {
    constexpr double boltzmann_j_k = 1.380649e-23;
    constexpr double light_m_s = 299792458;
    constexpr double jansky_w_m2_hz = 1e-26;
    const double per_sr =
        2 * boltzmann_j_k * std::pow(frequency_hz / light_m_s, 2) / jansky_w_m2_hz;
    return per_sr / (base::arcsec_per_rad * base::arcsec_per_rad);
}

}  // namespace faintweb::image
