#include "lib/image/header_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/base/units.h"

namespace faintweb::image {

using base::InputError;
using base::text;

namespace {

constexpr std::array<std::string_view, 8> beam_spellings = {
    "/beam", "beam-1", "/bm", "/b", "perbeam", "/(beam)", "bm-1", "/clnbeam"};
constexpr std::array<std::string_view, 8> arcsec2_spellings = {"/arcsec2",
                                                               "arcsec-2",
                                                               "/sqarcsec",
                                                               "/arcsecsq",
                                                               "perarcsec2",
                                                               "/(arcsec2)",
                                                               "/asec2",
                                                               "/arcsec/arcsec"};

template <std::size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& spellings) {
    return std::find(spellings.begin(), spellings.end(), text) != spellings.end();
}

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

std::optional<ScaledUnit> parse_unit(const std::string& bunit) {
    // The prefix is read before the case is thrown away: mJy is not MJy.
    std::string rest;
    for (const char letter : bunit) {
        if (std::string_view(" .*^()").find(letter) == std::string_view::npos) {
            rest += letter;
        }
    }
    double factor = 1;
    for (const auto& [prefix, value] :
         {std::pair<std::string_view, double>{"m", 1e-3}, {"u", 1e-6}, {"\xc2\xb5", 1e-6}}) {
        if (rest.starts_with(prefix)) {
            factor = value;
            rest = rest.substr(prefix.size());
            break;
        }
    }
    std::transform(rest.begin(), rest.end(), rest.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    const std::string_view name = rest.starts_with("jansky") ? "jansky" : "jy";
    if (!rest.starts_with(name)) {
        return std::nullopt;
    }
    const std::string_view per = std::string_view(rest).substr(name.size());
    if (is_one_of(per, beam_spellings)) {
        return ScaledUnit{PixelUnit::jy_beam, factor};
    }
    if (is_one_of(per, arcsec2_spellings)) {
        return ScaledUnit{PixelUnit::jy_arcsec2, factor};
    }
    return std::nullopt;
}

std::optional<Beam> find_beam(const FitsCards& cards) {
    if (cards.has("BMAJ")) {
        for (const char* const key : {"BMAJ", "BMIN"}) {
            const auto value = cards.number(key);
            if (!value || *value <= 0) {
                throw InputError(
                    text(key,
                         cards.has(key) ? " = " + cards.text(key).value_or("") : " is missing",
                         " (no width of a beam)"));
            }
        }
        if (cards.has("BPA") && !cards.number("BPA")) {
            throw InputError(text("BPA = ", cards.text("BPA").value_or(""), " (no angle)"));
        }
        return beam_from_deg(
            *cards.number("BMAJ"), *cards.number("BMIN"), cards.number("BPA").value_or(0));
    }
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
    constexpr int max_axes = 9;
    for (int n = 1; n <= max_axes; ++n) {
        if (!cards.text(text("CTYPE", n)).value_or("").starts_with("FREQ")) {
            continue;
        }
        const std::string cunit = cards.text(text("CUNIT", n)).value_or("");
        const double hz = cunit == "GHz" ? 1e9 : cunit == "MHz" ? 1e6 : cunit == "kHz" ? 1e3 : 1;
        const double step = cards.number(text("CDELT", n)).value_or(0);
        const double frequency = cards.number(text("CRVAL", n)).value_or(0) +
                                 (1 - cards.number(text("CRPIX", n)).value_or(1)) * step;
        if (frequency > 0) {
            return frequency * hz;
        }
    }
    for (const char* const key : {"RESTFRQ", "RESTFREQ", "OBSFREQ", "FREQ"}) {
        if (const auto value = cards.number(key); value && *value > 0) {
            return *value;
        }
    }
    return 0;
}

}  // namespace faintweb::image
