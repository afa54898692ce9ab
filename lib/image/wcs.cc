#include "lib/image/wcs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>
#include <wcslib/wcsmath.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/base/units.h"
#include "lib/image/celestial_axes.h"
#include "lib/image/fits_cards.h"
#include "lib/image/sky_frame.h"

namespace faintweb::image {

using base::InputError;
using base::text;

namespace {

/// The header and unit parsers of wcslib are flex scanners with global state.
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

/// Whether a string that was opened is closed again; two quotes in a row stand for one and close
/// nothing.
bool is_closed(std::string_view text) {
    std::size_t quote = text.find('\'');
    while (quote != std::string_view::npos && text.substr(quote).starts_with("''")) {
        quote = text.find('\'', quote + 2);
    }
    return quote != std::string_view::npos;
}

/// Blanks the cards whose string has no closing quote: wcslib 7.12 copies such a value, and the
/// card after it, past the end of a buffer.
std::string without_open_strings(std::string cards) {
    for (std::size_t card = 0; card + card_bytes <= cards.size(); card += card_bytes) {
        const std::string_view field = std::string_view(cards).substr(card + 8, card_bytes - 8);
        const std::size_t first = field.find_first_not_of("= ");
        if (first == std::string_view::npos || field[first] != '\'') {
            continue;
        }
        if (!is_closed(field.substr(first + 1))) {
            cards.replace(card, card_bytes, card_bytes, ' ');
        }
    }
    return cards;
}

SkyFrame frame_of(const wcsprm& wcs) {
    const std::string_view kind(wcs.lngtyp);
    if (kind == "GLON") {
        return SkyFrame::galactic();
    }
    if (kind.substr(0, 2) != "RA") {
        throw InputError(text("the sky coordinates are ",
                              wcs.lngtyp,
                              "/",
                              wcs.lattyp,
                              " (only RA/DEC and GLON/GLAT are known), reproject the map"));
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
            throw InputError(text("the sky coordinates are FK4 of equinox ",
                                  equinox,
                                  " (only B1950 is known), set EQUINOX or reproject the map"));
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
};

Wcs::Wcs(const std::string& header_cards) : state_(std::make_unique<State>()) {
    const FitsCards cards(header_cards);
    const std::optional<CelestialAxes> axes = find_celestial_axes(cards);
    if (!axes) {
        throw InputError("CTYPEn names no celestial axes (no sky positions)");
    }
    if (axes->longitude > axes->latitude) {
        throw InputError(swapped_axes_text(*axes));
    }
    const auto check = [](int status, const char* const* messages, std::string_view step) {
        if (status != 0) {
            throw InputError(text("wcslib cannot use the sky coordinates (",
                                  step,
                                  ": ",
                                  messages[status],
                                  "), check CTYPEn, CRVALn, CDELTn and CDi_j"));
        }
    };
    const std::scoped_lock lock(parser_mutex());
    std::string header = without_open_strings(cards.cards());
    ParsedHeader parsed;
    int n_rejected = 0;
    check(wcspih(header.data(),
                 static_cast<int>(cards.count()),
                 WCSHDR_all,
                 0,
                 &n_rejected,
                 &parsed.n,
                 &parsed.descriptions),
          wcshdr_errmsg,
          "header");
    const wcsprm* primary = nullptr;
    for (int i = 0; i < parsed.n; ++i) {
        if (parsed.descriptions[i].alt[0] == ' ') {
            primary = &parsed.descriptions[i];
        }
    }
    if (primary == nullptr) {
        throw InputError(
            "wcslib finds no sky coordinates in the header, check CTYPEn, CRVALn and CDELTn");
    }
    int n_axes = 2;
    std::array<int, 2> which = {axes->longitude + 1, axes->latitude + 1};
    wcsprm& wcs = state_->celestial;
    check(wcssub(1, primary, &n_axes, which.data(), &wcs), wcs_errmsg, "celestial axes");
    // Repairs units such as DEGREE; where there is nothing to repair its status does not matter.
    unitfix(0, &wcs);
    check(wcsset(&wcs), wcs_errmsg, "set-up");
    if (wcs.lng != 0 || wcs.lat != 1) {
        throw InputError(
            "wcslib finds no celestial axes in CTYPEn (a projection code such as SIN is needed)");
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
        if (wcsp2s(&state_->celestial,
                   1,
                   2,
                   pixel.data(),
                   plane.data(),
                   &phi,
                   &theta,
                   world.data(),
                   bad.data()) != 0) {
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
        if (wcss2p(&state_->celestial,
                   1,
                   2,
                   world.data(),
                   &phi,
                   &theta,
                   plane.data(),
                   pixel.data(),
                   bad.data()) != 0) {
            return std::nullopt;
        }
    }
    if (!std::isfinite(pixel[0]) || !std::isfinite(pixel[1])) {
        return std::nullopt;
    }
    return std::pair(pixel[0] - 1, pixel[1] - 1);
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
            throw InputError(text("wcslib cannot write sky coordinates: ", messages[status]));
        }
    };
    check(wcssub(1, &state_->celestial, nullptr, nullptr, &blocks.celestial), wcs_errmsg);
    wcsprm& wcs = blocks.celestial;
    const auto block = static_cast<double>(block_px);
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
