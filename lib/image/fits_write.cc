// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_write.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/units.h"
#include "lib/image/fits_bytes.h"
#include "lib/image/fits_cards.h"

namespace faintweb::image {
namespace {

constexpr std::size_t block_bytes = 2880;

/// Builds a FITS header card by card. The few cards of a map are written here and not by CFITSIO,
/// so that the file itself is ours to write, sync and check for a full disk.
class CardWriter {
  public:
    void add_raw(std::string card) {
        card.resize(card_bytes, ' ');
        cards_ += card;
    }
    void add_value(const std::string& key, const std::string& value, const std::string& comment) {
        std::string card = key;
        card.resize(8, ' ');
        card += "= " + std::string(value.size() < 20 ? 20 - value.size() : 0, ' ') + value;
        add_raw(comment.empty() ? card : card + " / " + comment);
    }
    void add_text(const std::string& key, const std::string& value, const std::string& comment) {
        std::string quoted;
        for (const char letter : ascii(value)) {
            quoted += letter == '\'' ? "''" : std::string(1, letter);
        }
        constexpr std::size_t longest = 67;
        if (quoted.size() > longest) {
            quoted.resize(longest);
            // Half of a doubled quote would end the string.
            const std::size_t n_quotes = quoted.size() - 1 - quoted.find_last_not_of('\'');
            quoted.resize(quoted.size() - n_quotes % 2);
        }
        quoted.resize(std::max<std::size_t>(quoted.size(), 8), ' ');
        std::string card = key;
        card.resize(8, ' ');
        card += "= '" + quoted + "'";
        card.resize(std::max<std::size_t>(card.size(), 30), ' ');
        add_raw(comment.empty() ? card : card + " / " + comment);
    }
    void add_number(const std::string& key, double value, const std::string& comment) {
        std::array<char, 32> digits{};
        std::snprintf(digits.data(), digits.size(), "%.15G", value);
        std::string shown(digits.data());
        shown += shown.find_first_of(".EN") == std::string::npos ? ".0" : "";
        add_value(key, shown, comment);
    }
    void add_integer(const std::string& key, std::int64_t value, const std::string& comment) {
        add_value(key, fmt::format("{}", value), comment);
    }
    /// Text of any length, in as many cards as it needs.
    void add_history(const std::string& text) {
        constexpr std::size_t line = 72;
        const std::string shown = ascii(text);
        for (std::size_t place = 0; place == 0 || place < shown.size(); place += line) {
            add_raw("HISTORY " + shown.substr(place, line));
        }
    }
    /// The header with END, padded to whole blocks.
    std::string finish() {
        add_raw("END");
        cards_.resize((cards_.size() + block_bytes - 1) / block_bytes * block_bytes, ' ');
        return cards_;
    }

  private:
    static std::string ascii(const std::string& text) {
        std::string shown = text;
        for (char& letter : shown) {
            letter = letter >= ' ' && letter <= '~' ? letter : '?';
        }
        return shown;
    }

    std::string cards_;
};

/// A tangential projection about the middle of the image.
void add_tangential(CardWriter& cards, const Image& image, const FitsHeader& header) {
    const double step_deg = header.pixel_arcsec / base::arcsec_per_deg;
    cards.add_text("CTYPE1", "RA---TAN", "");
    cards.add_number("CRPIX1", (static_cast<double>(image.cols) + 1) / 2, "middle of the image");
    cards.add_number("CRVAL1", header.centre.ra_deg, "");
    cards.add_number("CDELT1", -step_deg, "");
    cards.add_text("CUNIT1", "deg", "");
    cards.add_text("CTYPE2", "DEC--TAN", "");
    cards.add_number("CRPIX2", (static_cast<double>(image.rows) + 1) / 2, "middle of the image");
    cards.add_number("CRVAL2", header.centre.dec_deg, "");
    cards.add_number("CDELT2", step_deg, "");
    cards.add_text("CUNIT2", "deg", "");
    cards.add_text("RADESYS", "ICRS", "");
}

std::string make_header(const Image& image, const FitsHeader& header) {
    CardWriter cards;
    cards.add_value("SIMPLE", "T", "conforms to the FITS standard");
    cards.add_integer("BITPIX", -32, "32-bit floating point");
    cards.add_integer("NAXIS", 2, "");
    cards.add_integer("NAXIS1", image.cols, "");
    cards.add_integer("NAXIS2", image.rows, "");
    cards.add_text("ORIGIN", fits_origin, "");
    if (!header.object.empty()) {
        cards.add_text("OBJECT", header.object, "");
    }
    if (!header.bunit.empty()) {
        cards.add_text("BUNIT", header.bunit, "");
    }
    if (header.beam) {
        cards.add_number("BMAJ", header.beam->major_arcsec / base::arcsec_per_deg, "deg, FWHM");
        cards.add_number("BMIN", header.beam->minor_arcsec / base::arcsec_per_deg, "deg, FWHM");
        cards.add_number("BPA", header.beam->angle_deg, "deg, north through east");
    }
    if (header.wcs_cards.empty() && header.pixel_arcsec > 0) {
        add_tangential(cards, image, header);
    }
    for (std::size_t place = 0; place < header.wcs_cards.size(); place += card_bytes) {
        cards.add_raw(header.wcs_cards.substr(place, card_bytes));
    }
    if (header.frequency_hz > 0) {
        cards.add_number("RESTFRQ", header.frequency_hz, "Hz");
    }
    for (const std::string& line : header.history) {
        cards.add_history(line);
    }
    return cards.finish();
}

/// A file that is being written; gone again unless publish() was reached.
class PartialFile {
  public:
    explicit PartialFile(const std::string& path)
        : path_(path), partial_(base::partial_path(path)) {
        base::remove_partial(path_);
        fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd_ < 0) {
            fail(errno);
        }
    }
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;
    ~PartialFile() {
        if (fd_ >= 0) {
            ::close(fd_);
            ::unlink(partial_.c_str());
        }
    }

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                fail(errno);
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    void publish() {
        ::close(std::exchange(fd_, -1));
        base::publish_partial(path_);
    }

  private:
    [[noreturn]] void fail(int error_number) const {
        base::throw_errno("cannot write " + printable(path_), error_number);
    }

    std::string path_;
    std::string partial_;
    int fd_ = -1;
};

}  // namespace

std::string objection_to_fits(const std::string& path, FitsContent content) {
    // ORIGIN is among the first cards of what we write.
    const FitsCards cards(base::first_bytes(path, block_bytes));
    const bool is_ours = cards.is_true("SIMPLE") && cards.text("ORIGIN") == fits_origin;
    if (is_ours && (cards.integer("NAXIS") == 0) == (content == FitsContent::table)) {
        return "";
    }
    return content == FitsContent::table ? "is no FITS table that faintweb wrote"
                                         : "is no FITS image that faintweb wrote";
}

void write_fits(const std::string& path, const Image& image, const FitsHeader& header) {
    FAINTWEB_EXPECTS(image.rows > 0 && image.cols > 0);
    PartialFile file(path);
    file.write(make_header(image, header));
    std::string big_endian(static_cast<std::size_t>(image.cols) * sizeof(float), '\0');
    for (std::int64_t row = 0; row < image.rows; ++row) {
        auto out = big_endian.begin();
        for (const float value : image.row(row)) {
            const auto bits = std::bit_cast<std::uint32_t>(value);
            for (const unsigned shift : {24U, 16U, 8U, 0U}) {
                *out++ = static_cast<char>(bits >> shift & 0xffU);
            }
        }
        file.write(big_endian);
    }
    const std::size_t n_data_bytes = image.pixels.size() * sizeof(float);
    file.write(std::string((block_bytes - n_data_bytes % block_bytes) % block_bytes, '\0'));
    file.publish();
}

}  // namespace faintweb::image
