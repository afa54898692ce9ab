// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/wcs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>
#include <wcslib/wcsmath.h>
#include <wcslib/wcsprintf.h>
#include <wcslib/wcsunits.h>

#include "lib/base/error.h"
#include "lib/base/units.h"
#include "lib/image/celestial_axes.h"
#include "lib/image/fits_cards.h"
#include "lib/image/right_ascension.h"
#include "lib/image/sky_frame.h"
#include "lib/image/wcs_cards.h"

namespace faintweb::image {

using base::InputError;

namespace {

/// The header and unit parsers of wcslib are flex scanners with global state, and so is where it
/// prints.
std::mutex& parser_mutex() {
    static std::mutex mutex;
    return mutex;
}

/// All coordinate descriptions of a header; frees them on every way out.
struct ParsedHeader {
    int n = 0;
    wcsprm* descriptions = nullptr;
    ParsedHeader() = default;
    ParsedHeader(const ParsedHeader&) = delete;
    ParsedHeader& operator=(const ParsedHeader&) = delete;
    ~ParsedHeader() { wcsvfree(&n, &descriptions); }
};

/// A report as one line without the blanks that line it up.
std::string one_line(const std::string& report) {
    constexpr std::size_t longest = 300;
    std::string line;
    for (const char letter : report) {
        const bool is_blank = letter == ' ' || letter == '\n';
        if (!is_blank || (!line.empty() && line.back() != ' ')) {
            line += is_blank ? ' ' : letter;
        }
    }
    return line.substr(0, longest);
}

/// What the axes are, none of which are on the sky.
std::string no_axes_text(const FitsCards& cards) {
    constexpr int max_axes = 9;
    std::string types;
    for (int n = 1; n <= max_axes; ++n) {
        const std::string key = fmt::format("CTYPE{}", n);
        if (cards.has(key)) {
            types += fmt::format("{}{} = {}", types.empty() ? "" : ", ", key,
                                 cards.text(key).value_or(""));
        }
    }
    return types.empty() ? "CTYPE1 and CTYPE2 are missing (no sky positions)"
                         : types + " name no celestial axes (no sky positions)";
}

SkyFrame frame_of(const wcsprm& wcs) {
    const std::string_view kind(wcs.lngtyp);
    if (kind == "GLON") {
        return SkyFrame::galactic();
    }
    if (kind.substr(0, 2) != "RA") {
        throw InputError(
            fmt::format("the sky coordinates are {}/{} (only RA/DEC and GLON/GLAT are known), "
                        "reproject the map",
                        wcs.lngtyp, wcs.lattyp));
    }
    const bool has_equinox =
        wcs.equinox != UNDEFINED && std::isfinite(wcs.equinox) && wcs.equinox > 0;
    std::string system(wcs.radesys);
    if (system.empty()) {
        system = !has_equinox ? "ICRS" : wcs.equinox < 1984 ? "FK4" : "FK5";
    }
    if (system.starts_with("FK4")) {
        const double equinox = has_equinox ? wcs.equinox : 1950;
        if (std::abs(equinox - 1950) > 0.01) {
            throw InputError(
                fmt::format("the sky coordinates are FK4 of equinox {:g} (only B1950 is known), "
                            "set EQUINOX or reproject the map",
                            equinox));
        }
        return SkyFrame::fk4_b1950(system != "FK4-NO-E");
    }
    if (system == "FK5" && has_equinox && std::abs(wcs.equinox - 2000) > 0.01) {
        return SkyFrame::fk5(wcs.equinox);
    }
    return {};
}

}  // namespace

struct Wcs::State {
    wcsprm celestial{};
    SkyFrame frame;
    /// wcslib keeps scratch space inside a wcsprm, so its calls on one take turns.
    mutable std::mutex mutex;

    State() { celestial.flag = -1; }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { wcsfree(&celestial); }

    /// wcslib 7.12 loses the memory of a message when it writes the next one over it: about 100
    /// bytes for each pixel outside the projection.
    void clear_errors() {
        wcserr_clear(&celestial.cel.prj.err);
        wcserr_clear(&celestial.cel.err);
        wcserr_clear(&celestial.err);
    }
};

Wcs::Wcs(const std::string& header_cards) : state_(std::make_unique<State>()) {
    const FitsCards cards(header_cards);
    const std::optional<CelestialAxes> axes = find_celestial_axes(cards);
    if (!axes) {
        throw InputError(no_axes_text(cards));
    }
    if (axes->longitude > axes->latitude) {
        throw InputError(swapped_axes_text(*axes));
    }
    const std::string ctypes = fmt::format(
        "CTYPE{} = {}, CTYPE{} = {}", axes->longitude + 1,
        cards.text(fmt::format("CTYPE{}", axes->longitude + 1)).value_or(""), axes->latitude + 1,
        cards.text(fmt::format("CTYPE{}", axes->latitude + 1)).value_or(""));
    const auto refuse = [&](const std::string& why) {
        throw InputError(
            fmt::format("wcslib cannot use the sky coordinates of {} ({})", ctypes, one_line(why)));
    };
    std::string header = celestial_cards(cards, *axes);
    const std::scoped_lock lock(parser_mutex());
    wcserr_enable(1);
    ParsedHeader parsed;
    int n_rejected = 0;
    constexpr int report_rejected = 2;
    wcsprintf_set(nullptr);
    const int status =
        wcspih(header.data(), static_cast<int>(header.size() / card_bytes), WCSHDR_all,
               report_rejected, &n_rejected, &parsed.n, &parsed.descriptions);
    if (status != 0 || n_rejected > 0 || parsed.n < 1) {
        refuse(status != 0 ? wcshdr_errmsg[status] : wcsprintf_buf());
    }
    wcsprm& wcs = state_->celestial;
    const auto check_angle = [&](const char* what, int axis, std::string_view unit, double value,
                                 double most_deg) {
        const auto said = [&](const char* key) {
            return fmt::format("{}{} = {}", key, axis + 1,
                               cards.text(fmt::format("{}{}", key, axis + 1)).value_or(""));
        };
        double deg_per_unit = 1;
        double offset = 0;
        double power = 1;
        if (unit.find_first_not_of(' ') != std::string_view::npos &&
            (wcsunits(unit.data(), "deg", &deg_per_unit, &offset, &power) != 0 || power != 1)) {
            throw InputError(said("CUNIT") + " is no unit of an angle");
        }
        if (!(std::abs(value * deg_per_unit) <= most_deg)) {
            throw InputError(fmt::format("{} is no {} (no sky positions)", said("CRVAL"), what));
        }
    };
    const auto check = [&](int failure) {
        if (failure != 0) {
            refuse(wcs.err != nullptr && wcs.err->msg != nullptr ? wcs.err->msg
                                                                 : wcs_errmsg[failure]);
        }
    };
    check(wcssub(1, parsed.descriptions, nullptr, nullptr, &wcs));
    // Repairs units such as DEGREE; where there is nothing to repair its status does not matter.
    unitfix(0, &wcs);
    // An imager may go around some times; beyond that it is another number.
    check_angle("longitude", axes->longitude, wcs.cunit[0], wcs.crval[0], 3600);
    check_angle("latitude", axes->latitude, wcs.cunit[1], wcs.crval[1], 90);
    check(wcsset(&wcs));
    if (wcs.lng != 0 || wcs.lat != 1) {
        refuse("a projection code such as SIN is needed");
    }
    state_->frame = frame_of(wcs);
}

Wcs::~Wcs() = default;
Wcs::Wcs(Wcs&&) noexcept = default;
Wcs& Wcs::operator=(Wcs&&) noexcept = default;

std::optional<SkyPosition> Wcs::sky(double x_px, double y_px) const {
    const std::array<double, 2> pixel = {x_px + 1, y_px + 1};
    std::array<double, 2> plane{};
    std::array<double, 2> world{};
    double phi = 0;
    double theta = 0;
    std::array<int, 2> bad{};
    {
        const std::scoped_lock lock(state_->mutex);
        if (wcsp2s(&state_->celestial, 1, 2, pixel.data(), plane.data(), &phi, &theta, world.data(),
                   bad.data()) != 0) {
            state_->clear_errors();
            return std::nullopt;
        }
    }
    if (!std::isfinite(world[0]) || !std::isfinite(world[1])) {
        return std::nullopt;
    }
    return state_->frame.to_icrs(world[0], world[1]);
}

std::optional<std::pair<double, double>> Wcs::pixel(SkyPosition position) const {
    const SkyPosition own = state_->frame.from_icrs(position);
    const std::array<double, 2> world = {own.ra_deg, own.dec_deg};
    std::array<double, 2> plane{};
    std::array<double, 2> pixel{};
    double phi = 0;
    double theta = 0;
    std::array<int, 2> bad{};
    {
        const std::scoped_lock lock(state_->mutex);
        if (wcss2p(&state_->celestial, 1, 2, world.data(), &phi, &theta, plane.data(), pixel.data(),
                   bad.data()) != 0) {
            state_->clear_errors();
            return std::nullopt;
        }
    }
    if (!std::isfinite(pixel[0]) || !std::isfinite(pixel[1])) {
        return std::nullopt;
    }
    return std::pair(pixel[0] - 1, pixel[1] - 1);
}

PixelShape Wcs::pixel_shape() const {
    const linprm& linear = state_->celestial.lin;
    const double width =
        std::hypot(linear.cdelt[0] * linear.pc[0], linear.cdelt[1] * linear.pc[2]) *
        base::arcsec_per_deg;
    const double height =
        std::hypot(linear.cdelt[0] * linear.pc[1], linear.cdelt[1] * linear.pc[3]) *
        base::arcsec_per_deg;
    const double edge = pixel_scale_arcsec();
    return {width, height,
            std::acos(std::min(edge * edge / (width * height), 1.0)) * base::deg_per_rad};
}

double Wcs::pixel_scale_arcsec() const {
    // After wcsset() `lin` holds whichever of PC, CD and CROTA the header had as one matrix in
    // degrees.
    const linprm& linear = state_->celestial.lin;
    const double determinant = linear.cdelt[0] * linear.cdelt[1] *
                               (linear.pc[0] * linear.pc[3] - linear.pc[1] * linear.pc[2]);
    return std::sqrt(std::abs(determinant)) * base::arcsec_per_deg;
}

std::string Wcs::cards_of_blocks(double x0_px, double y0_px, std::int64_t block_px) const {
    const std::scoped_lock lock(parser_mutex());
    State blocks;
    const auto check = [](int status, const char* const* messages) {
        if (status != 0) {
            throw InputError(
                fmt::format("wcslib cannot write sky coordinates: {}", messages[status]));
        }
    };
    check(wcssub(1, &state_->celestial, nullptr, nullptr, &blocks.celestial), wcs_errmsg);
    wcsprm& wcs = blocks.celestial;
    const auto block = static_cast<double>(block_px);
    wcs.crval[0] = wrapped_deg(wcs.crval[0]);
    // FITS counts pixels from 1 and puts their centres on whole numbers.
    wcs.crpix[0] = (wcs.crpix[0] - 0.5 - x0_px) / block + 0.5;
    wcs.crpix[1] = (wcs.crpix[1] - 0.5 - y0_px) / block + 0.5;
    constexpr int has_cd = 2;
    if ((wcs.altlin & has_cd) != 0) {
        std::for_each_n(wcs.cd, 4, [block](double& element) { element *= block; });
    } else {
        wcs.cdelt[0] *= block;
        wcs.cdelt[1] *= block;
    }
    wcs.flag = 0;
    check(wcsset(&wcs), wcs_errmsg);
    int n_cards = 0;
    char* cards = nullptr;
    check(wcshdo(WCSHDO_safe, &wcs, &n_cards, &cards), wcshdr_errmsg);
    const std::unique_ptr<char, decltype(&std::free)> owner(cards, &std::free);
    return {cards, static_cast<std::size_t>(n_cards) * 80};
}

}  // namespace faintweb::image
