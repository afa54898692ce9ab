// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_layout.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "lib/base/error.h"

namespace faintweb::image {
namespace {

using base::InputError;

constexpr std::int64_t block_bytes = 2880;
constexpr std::size_t max_cards = 10'000;
constexpr int max_hdus = 1'000;
/// CFITSIO's limit for tile-compressed images; a survey map has at most four or five.
constexpr std::int64_t max_axes = 6;

/// The end of the block in which a byte count ends.
std::int64_t padded(std::int64_t n_bytes) {
    return (n_bytes + block_bytes - 1) / block_bytes * block_bytes;
}

/// One HDU as its header describes it.
struct Hdu {
    FitsCards cards;
    std::int64_t data_byte;
    std::int64_t end_byte;
};

class Walker {
  public:
    Walker(FitsBytes& bytes, const std::string& path) : bytes_(bytes), path_(printable(path)) {}

    [[noreturn]] void refuse(const std::string& problem) const {
        throw InputError(path_ + ": " + problem);
    }

    /// The HDU that starts at a byte, or nothing where only padding or rubbish follows the last
    /// one.
    std::optional<Hdu> read_hdu(int hdu, std::int64_t start) {
        if (hdu == 0) {
            require_fits();
        } else {
            std::array<char, 8> name{};
            if (!bytes_.reaches(start + block_bytes)) {
                return std::nullopt;
            }
            bytes_.copy(start, name);
            if (std::string_view(name.data(), name.size()) != "XTENSION") {
                return std::nullopt;
            }
        }
        auto [cards, data_byte] = read_cards(hdu, start);
        const std::int64_t n_data = data_bytes(hdu, cards);
        std::int64_t end = 0;
        // Room for the padding too.
        if (__builtin_add_overflow(data_byte + block_bytes, n_data, &end)) {
            refuse(fmt::format(
                "HDU {}: the size of its data overflows (NAXISn), the header is damaged", hdu));
        }
        end -= block_bytes;
        if (!bytes_.reaches(end)) {
            refuse(
                fmt::format("HDU {}: the file ends before its data (the header promises {} bytes; "
                            "cut short), copy it again",
                            hdu, n_data));
        }
        return Hdu{std::move(cards), data_byte, end};
    }

    /// A keyword that must stand at a fixed place, as CFITSIO looks for it there.
    std::int64_t fixed_integer(int hdu,
                               const FitsCards& cards,
                               std::size_t place,
                               const std::string& key) const {
        const auto value = cards.integer(key);
        if (place >= cards.count() || cards.key(place) != key || !value) {
            refuse(
                fmt::format("HDU {}: card {} should be {} with an integer (the header is damaged), "
                            "write the map again",
                            hdu, place + 1, key));
        }
        return *value;
    }

    /// Lengths of the axes from NAXIS or ZNAXIS; 0 is allowed here, negative is not.
    std::vector<std::int64_t> axis_lengths(int hdu,
                                           const FitsCards& cards,
                                           const std::string& prefix) const {
        const bool is_fixed = prefix.empty();
        const std::int64_t n_axes = is_fixed ? fixed_integer(hdu, cards, 2, "NAXIS")
                                             : cards.integer(prefix + "NAXIS").value_or(-1);
        if (n_axes < 0 || n_axes > 999) {
            refuse(fmt::format("HDU {}: {}NAXIS is missing or not in 0 .. 999, write the map again",
                               hdu, prefix));
        }
        std::vector<std::int64_t> axes;
        for (std::int64_t n = 1; n <= n_axes; ++n) {
            const std::string key = fmt::format("{}NAXIS{}", prefix, n);
            const std::int64_t length =
                is_fixed ? fixed_integer(hdu, cards, static_cast<std::size_t>(n + 2), key)
                         : cards.integer(key).value_or(-1);
            if (length < 0) {
                refuse(fmt::format("HDU {}: {} = {} is no length of an axis, write the map again",
                                   hdu, key, cards.text(key).value_or("(missing)")));
            }
            axes.push_back(length);
        }
        return axes;
    }

    std::int64_t bitpix(int hdu, const FitsCards& cards, const std::string& prefix) const {
        const std::int64_t value = prefix.empty() ? fixed_integer(hdu, cards, 1, "BITPIX")
                                                  : cards.integer(prefix + "BITPIX").value_or(0);
        constexpr std::array<std::int64_t, 6> known = {8, 16, 32, 64, -32, -64};
        if (std::find(known.begin(), known.end(), value) == known.end()) {
            refuse(fmt::format(
                "HDU {}: {}BITPIX = {} (FITS knows 8, 16, 32, 64, -32, -64), write the map again",
                hdu, prefix, value));
        }
        return value;
    }

    /// Product of lengths and a factor, refused when it overflows.
    std::int64_t product(int hdu,
                         const std::vector<std::int64_t>& lengths,
                         std::int64_t factor) const {
        std::int64_t n = factor;
        // A length of 0 first, so that 0 times anything is not an overflow.
        if (std::find(lengths.begin(), lengths.end(), 0) != lengths.end()) {
            return 0;
        }
        for (const std::int64_t length : lengths) {
            if (__builtin_mul_overflow(n, length, &n)) {
                refuse(fmt::format(
                    "HDU {}: the size of its data overflows (NAXISn), the header is damaged", hdu));
            }
        }
        return n;
    }

  private:
    void require_fits() {
        std::array<char, 10> name{};
        const std::int64_t n_seen = bytes_.reaches(10) ? 10 : 0;
        bytes_.copy(0, std::span(name).first(static_cast<std::size_t>(n_seen)));
        if (std::string_view(name.data(), 9) == "SIMPLE  =" && bytes_.reaches(block_bytes)) {
            return;
        }
        std::string seen;
        for (const char letter : name) {
            seen += letter >= ' ' && letter <= '~' ? letter : '?';
        }
        refuse(n_seen == 0 ? "is too short for a FITS file, copy it again"
               : seen.starts_with("SIMPLE  =")
                   ? "is shorter than one FITS header block (2880 bytes), copy it again"
                   : "is not a FITS file (it begins with \"" + seen +
                         "\", not SIMPLE), give a FITS map");
    }

    std::pair<FitsCards, std::int64_t> read_cards(int hdu, std::int64_t start) {
        std::string cards;
        std::string block(static_cast<std::size_t>(block_bytes), ' ');
        for (std::int64_t offset = start;; offset += block_bytes) {
            if (!bytes_.reaches(offset + block_bytes)) {
                refuse(fmt::format(
                    "HDU {}: the header has no END card (the file is cut short), copy it again",
                    hdu));
            }
            bytes_.copy(offset, block);
            for (std::size_t place = 0; place < block.size(); place += card_bytes) {
                if (block.compare(place, 8, "END     ") == 0) {
                    cards += block.substr(place, card_bytes);
                    return {FitsCards(std::move(cards)), offset + block_bytes};
                }
                cards += block.substr(place, card_bytes);
            }
            if (cards.size() / card_bytes > max_cards) {
                refuse(
                    fmt::format("HDU {}: the header has more than {} cards, copy the image to a "
                                "file of its own",
                                hdu, max_cards));
            }
        }
    }

    std::int64_t data_bytes(int hdu, const FitsCards& cards) const {
        const std::int64_t bytes_per_value = std::abs(bitpix(hdu, cards, "")) / 8;
        std::vector<std::int64_t> axes = axis_lengths(hdu, cards, "");
        if (axes.empty()) {
            return 0;
        }
        const bool has_groups = hdu == 0 && cards.is_true("GROUPS") && axes.front() == 0;
        if (has_groups) {
            axes.erase(axes.begin());
        }
        std::int64_t n_groups = 1;
        std::int64_t n_parameters = 0;
        if (has_groups || hdu > 0) {
            n_groups = cards.integer("GCOUNT").value_or(1);
            n_parameters = cards.integer("PCOUNT").value_or(0);
        }
        if (n_groups < 0 || n_parameters < 0) {
            refuse(fmt::format(
                "HDU {}: GCOUNT or PCOUNT is negative (the header is damaged), write the map again",
                hdu));
        }
        std::int64_t n = product(hdu, axes, 1);
        if (__builtin_add_overflow(n, n_parameters, &n)) {
            refuse(fmt::format(
                "HDU {}: the size of its data overflows (PCOUNT), the header is damaged", hdu));
        }
        return product(hdu, {n, n_groups}, bytes_per_value);
    }

    FitsBytes& bytes_;
    std::string path_;
};

bool is_tile_compressed(const FitsCards& cards) {
    return cards.text("XTENSION") == "BINTABLE" && cards.is_true("ZIMAGE");
}

/// Whether a tile-compressed image holds floats as integers with a scale, of its own in each tile
/// or one for all.
bool is_quantised(const FitsCards& table) {
    bool has_scale = table.has("ZSCALE");
    const std::int64_t n_columns =
        std::min<std::int64_t>(table.integer("TFIELDS").value_or(0), 999);
    for (std::int64_t n = 1; n <= n_columns && !has_scale; ++n) {
        has_scale = table.text(fmt::format("TTYPE{}", n)) == "ZSCALE";
    }
    return has_scale && table.integer("ZBITPIX").value_or(0) < 0;
}

/// Why an HDU cannot be a map; empty if it can.
std::string why_no_map(const FitsCards& cards, const std::vector<std::int64_t>& axes) {
    const std::string extension = cards.text("XTENSION").value_or("IMAGE");
    if (extension != "IMAGE" && !is_tile_compressed(cards)) {
        return "is a table (" + extension + ")";
    }
    if (cards.is_true("GROUPS") && !axes.empty() && axes.front() == 0) {
        return "holds random groups (visibilities)";
    }
    if (axes.empty()) {
        return "has no data (NAXIS = 0)";
    }
    if (axes.size() < 2 || static_cast<std::int64_t>(axes.size()) > max_axes) {
        return fmt::format("has NAXIS = {}, a map has 2 to 4 axes", axes.size());
    }
    for (std::size_t n = 0; n < axes.size(); ++n) {
        if (axes[n] == 0) {
            return fmt::format("is empty (NAXIS{} = 0)", n + 1);
        }
    }
    return "";
}

/// Checks what CFITSIO takes from the header of a tile-compressed image without a look at the data.
/// @return  edges of a tile, per axis.
std::vector<std::int64_t> check_tiles(const Walker& walker,
                                      int hdu,
                                      const FitsCards& cards,
                                      const std::vector<std::int64_t>& axes,
                                      std::int64_t max_tile_bytes) {
    const std::string kind = cards.text("ZCMPTYPE").value_or("(none)");
    const bool is_rice = kind == "RICE_1" || kind == "RICE_ONE";
    if (!is_rice && kind != "GZIP_1" && kind != "GZIP_2" && kind != "NOCOMPRESS") {
        walker.refuse(
            fmt::format("HDU {}: tile compression ZCMPTYPE = {} is not read (only Rice and GZIP "
                        "are), unpack the map with funpack",
                        hdu, kind));
    }
    const auto is_between = [](const std::optional<std::int64_t>& value, std::int64_t low,
                               std::int64_t high) {
        return value && *value >= low && *value <= high;
    };
    // CFITSIO takes block size and pixel size from ZVAL1 and ZVAL2 whatever their ZNAMEs; a block
    // size of 0 would never end.
    if (is_rice && (!is_between(cards.integer("ZVAL1"), 1, 65536) ||
                    (cards.has("ZVAL2") && !is_between(cards.integer("ZVAL2"), 1, 4)))) {
        walker.refuse(fmt::format(
            "HDU {}: ZVAL1 or ZVAL2 is no valid Rice setting, compress the map again", hdu));
    }
    std::vector<std::int64_t> tile;
    std::vector<std::int64_t> n_tiles;
    for (std::size_t n = 0; n < axes.size(); ++n) {
        const std::string key = fmt::format("ZTILE{}", n + 1);
        const std::int64_t edge = cards.has(key) ? cards.integer(key).value_or(0)
                                  : n == 0       ? axes[0]
                                                 : 1;
        if (edge < 1) {
            walker.refuse(
                fmt::format("HDU {}: {} is no length of a tile, compress the map again", hdu, key));
        }
        tile.push_back(std::min(edge, axes[n]));
        n_tiles.push_back((axes[n] - 1) / edge + 1);
    }
    constexpr std::int64_t working_bytes_per_pixel = 8;
    if (walker.product(hdu, tile, working_bytes_per_pixel) > max_tile_bytes) {
        walker.refuse(
            fmt::format("HDU {}: one compressed tile unpacks to more than {} bytes "
                        "(max_unpacked_bytes), compress the map in smaller tiles",
                        hdu, max_tile_bytes));
    }
    if (cards.integer("NAXIS2") != walker.product(hdu, n_tiles, 1)) {
        walker.refuse(
            fmt::format("HDU {}: has {} compressed tiles, not as many as ZNAXISn and ZTILEn need, "
                        "compress the map again",
                        hdu, cards.integer("NAXIS2").value_or(0)));
    }
    if (!is_between(cards.integer("TFIELDS"), 1, 999)) {
        walker.refuse(fmt::format(
            "HDU {}: TFIELDS is missing or not in 1 .. 999, compress the map again", hdu));
    }
    return tile;
}

/// The header of a tile-compressed image as it was before: ZNAXISn is NAXISn again, and what only
/// describes the table is gone.
FitsCards image_cards(const FitsCards& table) {
    std::string image;
    for (std::size_t card = 0; card < table.count(); ++card) {
        const std::string key(table.key(card));
        std::string line = table.cards().substr(card * card_bytes, card_bytes);
        const auto starts = [&](std::string_view start) { return key.starts_with(start); };
        if (starts("ZNAXIS") || key == "ZBITPIX") {
            // "ZNAXIS1 " -> "NAXIS1  "
            line = line.substr(1, 7) + " " + line.substr(8);
        } else if (key == "ZIMAGE" || key == "ZCMPTYPE" || key == "BITPIX" || starts("NAXIS") ||
                   key == "PCOUNT" || key == "GCOUNT" || key == "TFIELDS" || starts("TTYPE") ||
                   starts("TFORM") || starts("TUNIT") || starts("ZTILE") || starts("ZNAME") ||
                   starts("ZVAL") || key == "ZSIMPLE" || key == "ZTENSION" || key == "ZEXTEND" ||
                   key == "XTENSION") {
            continue;
        }
        image += line;
    }
    return FitsCards(std::move(image));
}

/// Whether a name says that an image is not the sky but goes with one: "RMS", "weight map".
bool is_companion_name(const std::string& name) {
    constexpr std::array<std::string_view, 40> companions = {
        "RMS",         "NOISE", "ERR",       "ERROR",   "ERRORS",      "STD",      "STDDEV",
        "SIGMA",       "VAR",   "VARIANCE",  "UNCERT",  "UNCERTAINTY", "IVAR",     "WEIGHT",
        "WEIGHTS",     "WGT",   "WHT",       "WT",      "MASK",        "DQ",       "QUALITY",
        "FLAG",        "FLAGS", "PSF",       "BEAM",    "PB",          "COVERAGE", "EXPOSURE",
        "EXPTIME",     "NHITS", "HITS",      "CONTEXT", "CTX",         "BKG",      "BACKGROUND",
        "SENSITIVITY", "SNR",   "FOOTPRINT", "BADPIX",  "RMSE"};
    std::string word;
    const auto is_companion = [&] {
        for (const std::string_view ending : {"IMAGE", "IMG", "MAP"}) {
            if (word.size() > ending.size() && word.ends_with(ending)) {
                word.resize(word.size() - ending.size());
            }
        }
        return std::ranges::find(companions, word) != companions.end();
    };
    for (const char letter : name + " ") {
        const auto byte = static_cast<unsigned char>(letter);
        if (std::isalnum(byte) != 0) {
            word += static_cast<char>(std::toupper(byte));
        } else if (is_companion()) {
            return true;
        } else {
            word.clear();
        }
    }
    return false;
}

bool is_companion_image(const FitsCards& cards) {
    for (const char* const key : {"EXTNAME", "BTYPE", "OBJECT"}) {
        if (is_companion_name(cards.text(key).value_or(""))) {
            return true;
        }
    }
    return false;
}

/// "HDU 1 (RMS)".
std::string hdu_name(int hdu, const FitsCards& cards) {
    std::string name = fmt::format("HDU {}", hdu);
    for (const char* const key : {"EXTNAME", "BTYPE", "OBJECT"}) {
        if (const std::string said = cards.text(key).value_or(""); !said.empty()) {
            return fmt::format("{} ({})", name, said);
        }
    }
    return name;
}

/// An HDU that holds an image, once it is the one to be read.
FitsImage image_of(
    Walker& walker, FitsBytes& bytes, int hdu, const Hdu& found, std::int64_t max_tile_bytes) {
    const bool is_packed = is_tile_compressed(found.cards);
    const std::string prefix = is_packed ? "Z" : "";
    const std::vector<std::int64_t> axes = walker.axis_lengths(hdu, found.cards, prefix);
    FitsImage image{.hdu = hdu,
                    .bitpix = static_cast<int>(walker.bitpix(hdu, found.cards, prefix)),
                    .axes = axes,
                    .data_byte = found.data_byte,
                    .is_tile_compressed = is_packed,
                    .is_quantised = is_packed && is_quantised(found.cards),
                    .end_byte = found.end_byte,
                    .cards = is_packed ? image_cards(found.cards) : found.cards};
    // CFITSIO reads whole blocks, also the one that the data only begin; a plain image that lacks
    // the end of its last one was cut short as well.
    if (!bytes.reaches(padded(found.end_byte))) {
        walker.refuse(fmt::format(
            "HDU {}: the file ends inside its last block of 2880 bytes (cut short), copy it again",
            hdu));
    }
    // A compressed map is in the file only in part, but must not overflow either.
    walker.product(hdu, axes, 8);
    if (!is_packed &&
        walker.product(hdu, axes, std::abs(image.bitpix) / 8) > image.end_byte - image.data_byte) {
        walker.refuse(
            fmt::format("HDU {}: GCOUNT leaves no room for the image (the header is damaged), "
                        "write the map again",
                        hdu));
    }
    if (is_packed) {
        image.tile_edges = check_tiles(walker, hdu, found.cards, axes, max_tile_bytes);
        const std::int64_t table_bytes =
            walker.product(hdu, walker.axis_lengths(hdu, found.cards, ""), 1);
        const std::int64_t heap_offset = found.cards.integer("THEAP").value_or(table_bytes);
        if (heap_offset < table_bytes || heap_offset > found.end_byte - found.data_byte) {
            walker.refuse(
                fmt::format("HDU {}: THEAP lies outside the data, compress the map again", hdu));
        }
        image.heap_byte = found.data_byte + heap_offset;
        image.is_gzip_tiled = found.cards.text("ZCMPTYPE").value_or("").starts_with("GZIP");
    }
    return image;
}

/// An HDU of a file with its place.
struct Candidate {
    int number = 0;
    Hdu hdu;
};

/// What stands in a file, as far as it matters here.
struct Content {
    std::vector<Candidate> images;
    std::optional<FitsTable> beams;
    int n_hdus = 0;
    std::string no_images;  ///< why HDUs are no images
};

/// Reads the headers of a file. Behind the first image damage is as good as the end.
///
/// @param wanted_hdu  -1: all images are kept.
Content read_content(Walker& walker, int wanted_hdu) {
    Content content;
    std::int64_t start = 0;
    for (; content.n_hdus < max_hdus; ++content.n_hdus) {
        const int number = content.n_hdus;
        std::optional<Hdu> found;
        std::string reason;
        try {
            found = walker.read_hdu(number, start);
            if (!found) {
                break;
            }
            if (wanted_hdu < 0 || wanted_hdu == number) {
                reason = why_no_map(
                    found->cards, walker.axis_lengths(number, found->cards,
                                                      is_tile_compressed(found->cards) ? "Z" : ""));
            }
        } catch (const InputError&) {
            if (content.images.empty()) {
                throw;
            }
            break;
        }
        start = padded(found->end_byte);
        if (!content.beams && found->cards.text("XTENSION") == "BINTABLE" &&
            found->cards.text("EXTNAME") == "BEAMS") {
            content.beams = FitsTable{number, found->cards, found->data_byte,
                                      found->end_byte - found->data_byte};
        }
        if (wanted_hdu >= 0 && wanted_hdu != number) {
            continue;
        }
        if (reason.empty()) {
            content.images.push_back({number, std::move(*found)});
        } else if (wanted_hdu == number) {
            walker.refuse(fmt::format("HDU {} {}, choose another with --hdu", number, reason));
        } else if (content.no_images.size() < 300) {
            content.no_images +=
                fmt::format("{}HDU {} {}", content.no_images.empty() ? "" : "; ", number, reason);
            if (content.no_images.size() > 300) {
                content.no_images = content.no_images.substr(0, 300) + " ...";
            }
        }
    }
    return content;
}

}  // namespace

FitsImage find_image(FitsBytes& bytes,
                     const std::string& path,
                     int wanted_hdu,
                     std::int64_t max_tile_bytes) {
    Walker walker(bytes, path);
    const Content content = read_content(walker, wanted_hdu);
    const std::vector<Candidate>& images = content.images;
    if (images.empty() && content.n_hdus == max_hdus) {
        walker.refuse(fmt::format(
            "no map in the first {} HDUs, copy the image to a file of its own", max_hdus));
    }
    if (images.empty()) {
        walker.refuse(wanted_hdu >= 0
                          ? fmt::format("has no HDU {} (it has {}), choose another with --hdu",
                                        wanted_hdu, content.n_hdus)
                          : fmt::format("holds no map ({}), give a FITS image of two axes",
                                        content.no_images));
    }
    auto chosen = std::ranges::find_if_not(
        images, [](const Candidate& image) { return is_companion_image(image.hdu.cards); });
    if (chosen == images.end()) {
        chosen = images.begin();
    }
    FitsImage image = image_of(walker, bytes, chosen->number, chosen->hdu, max_tile_bytes);
    image.beams = content.beams;
    for (const Candidate& other : images) {
        if (other.number != chosen->number) {
            image.choice +=
                (image.choice.empty() ? "" : ", ") + hdu_name(other.number, other.hdu.cards);
        }
    }
    if (!image.choice.empty()) {
        image.choice = fmt::format(
            "{} is read and not {} (images too), choose another with --hdu",
            hdu_name(chosen->number, chosen->hdu.cards),
            image.choice.size() > 300 ? image.choice.substr(0, 300) + " ..." : image.choice);
    }
    return image;
}

}  // namespace faintweb::image
