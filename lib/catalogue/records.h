// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/index.h"

namespace faintweb::catalogue {

/// Number of a map in a plan, and its row of /provenance/maps.
using MapId = base::Index<struct Map, std::int32_t>;
/// Number of a field in a plan, over all maps, and its row of /fields.
using FieldId = base::Index<struct Field, std::int32_t>;

/// Version of the catalogue's layout. A reader refuses any other.
inline constexpr int format_version = 5;

/// What stands where a value is unknown. A catalogue holds no NaN: it is not equal to itself, and
/// many readers stumble over it.
inline constexpr double no_position_deg = -999;  ///< ra, dec; the row has TileFlag::no_position
inline constexpr float no_score = -1;            ///< score of a tile that was not classified
inline constexpr std::int32_t no_label = -1;     ///< label without a truth image
inline constexpr double no_rms = -1;             ///< rms of a field or a tile that was not measured

enum class FieldStatus : std::int32_t { ok = 0, blank = 1, failed = 2 };

/// A tile against truth.
enum class Outcome : std::int32_t {
    none = -1,  ///< the truth is not known
    signal_found = 0,
    signal_missed = 1,
    noise_called_signal = 2,
    noise = 3,
};

/// "1C", "1F", "0F", "0C", or "" for none: the names of Gheller et al. 2018, Figure 7.
const char* outcome_name(Outcome outcome);

/// Bits of TileRecord::flags, of FieldRecord::flags and of MapRecord::flags.
enum TileFlag : std::int32_t {
    has_blanks = 1,         ///< some pixels of the tile are blank (at most half)
    beyond_edge = 2,        ///< the tile reaches beyond its map, which is smaller, and is padded
    no_position = 4,        ///< ra and dec are unknown
    flux_out_of_range = 8,  ///< a flux did not fit its column and is the largest number that does
    pixel_mismatch = 16,    ///< the model was trained on another pixel scale (accepted by the user)
    beam_mismatch = 32,     ///< the model was trained on another beam (accepted by the user)
    overlaps = 64,          ///< the tile ends at the edge of its map and overlaps the one before it
};

/// Text of at most N bytes, padded with zeros, as HDF5 and FITS tables keep it.
template <std::size_t N>
struct FixedText {
    static constexpr std::size_t capacity = N;
    std::array<char, N> bytes{};

    FixedText() = default;
    /// Cuts what is too long, never inside a UTF-8 character.
    FixedText(std::string_view text) {  // NOLINT: reads like a string on purpose
        std::size_t n = std::min(text.size(), N);
        while (n > 0 && n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) {
            --n;
        }
        std::copy_n(text.begin(), n, bytes.begin());
    }
    FixedText(const char* text) : FixedText(std::string_view(text)) {}
    FixedText(const std::string& text) : FixedText(std::string_view(text)) {}

    std::string_view view() const {
        const auto end = std::find(bytes.begin(), bytes.end(), '\0');
        return {bytes.data(), static_cast<std::size_t>(end - bytes.begin())};
    }
    std::string str() const { return std::string(view()); }
    bool operator==(const FixedText&) const = default;
};

/// One row of /tiles: a detected tile, or a missed one where the truth is known. What each member
/// means, and its unit, is said once, in columns.h. Rows have no padding.
struct TileRecord {
    std::int32_t map = 0;
    std::int32_t field = 0;
    std::int32_t row = 0;
    std::int32_t column = 0;
    double x = 0;
    double y = 0;
    double ra = no_position_deg;
    double dec = no_position_deg;
    float score = no_score;
    float probability = 0;
    std::int32_t detected = 0;
    std::int32_t label = no_label;
    std::int32_t outcome = static_cast<std::int32_t>(Outcome::none);
    std::int32_t n_blank = 0;
    double flux_jy = 0;
    float peak_jy_arcsec2 = 0;
    float mean_jy_arcsec2 = 0;
    float rms_jy_arcsec2 = 0;
    std::int32_t flags = 0;
    std::int64_t source_id = -1;

    bool operator==(const TileRecord&) const = default;
};

/// One row of /fields. Row i of the table is field i.
struct FieldRecord {
    std::int32_t map = 0;
    std::int32_t field = 0;
    std::int64_t x0 = 0;
    std::int64_t y0 = 0;
    std::int64_t cols = 0;
    std::int64_t rows = 0;
    std::int32_t status = static_cast<std::int32_t>(FieldStatus::ok);
    std::int32_t tile_px = 0;
    std::int32_t n_tile_rows = 0;
    std::int32_t n_tile_cols = 0;
    std::int32_t n_detected = 0;
    std::int32_t n_empty = 0;
    std::int32_t n_blank = 0;
    std::int32_t n_failed = 0;
    std::int32_t has_truth = 0;
    std::int32_t flags = 0;
    std::int32_t n_1c = 0;
    std::int32_t n_1f = 0;
    std::int32_t n_0f = 0;
    std::int32_t n_0c = 0;
    std::int64_t score_offset = 0;
    std::int64_t n_searched_px = 0;
    std::int64_t n_blank_px = 0;
    std::int64_t n_unsearched_px = 0;
    double rms_jy_arcsec2 = no_rms;
    FixedText<32> window_hash;
    FixedText<160> reason;

    std::int64_t n_tiles() const { return std::int64_t{n_tile_rows} * n_tile_cols; }
    bool operator==(const FieldRecord&) const = default;
};

/// One row of /provenance/maps. Row i of the table is map i. A map that could not be opened has a
/// row too, with status failed, its reason, and no fields.
struct MapRecord {
    std::int32_t map = 0;
    std::int32_t status = static_cast<std::int32_t>(FieldStatus::ok);
    std::int64_t cols = 0;
    std::int64_t rows = 0;
    std::int32_t hdu = 0;
    std::int32_t n_fields = 0;
    std::int32_t has_wcs = 0;
    std::int32_t flags = 0;
    double pixel_arcsec = 0;
    double beam_major_arcsec = 0;
    double beam_minor_arcsec = 0;
    double beam_angle_deg = 0;
    double frequency_hz = 0;
    double jy_arcsec2_per_unit = 0;
    double level_jy_arcsec2 = 0;
    double rms_jy_arcsec2 = no_rms;
    std::int64_t noise_box_px = 0;
    std::int64_t first_header_card = 0;
    std::int64_t n_header_cards = 0;
    FixedText<16> unit;
    FixedText<72> object;
    FixedText<64> header_sha256;
    FixedText<160> reason;
    FixedText<512> path;

    bool operator==(const MapRecord&) const = default;
};

/// Everything that one field gives to the catalogue.
struct FieldResult {
    FieldRecord field;
    std::vector<TileRecord> tiles;  ///< detected and missed tiles, in tile order
    std::vector<float> scores;      ///< [n_tiles]; no_score where a tile was not classified
    /// [n_tiles], Jy/arcsec2, at the centre of each tile; no_rms where a tile was not classified.
    std::vector<float> local_rms;
};

/// Names and values in the order in which they are written.
using Entries = std::vector<std::pair<std::string, std::string>>;

/// Where a catalogue comes from.
struct Provenance {
    std::string campaign_text{};  ///< the YAML file as given, or what stands for it
    /// What changes rows; all of it is in the digest.
    std::string model_sha256{};
    std::string device{};     ///< device kind: "cpu", "cuda"
    std::string precision{};  ///< "fp32", ...
    Entries settings{};       ///< seeds and settings that change results, e.g. {"threshold", "0.5"}
    /// What does not; none of it is in the digest.
    Entries versions{};  ///< program and libraries
    Entries run{};       ///< host, start time, ranks, threads, folders
    /// Header of each map as 80-character cards, one text per map (may be empty), for its WCS.
    std::vector<std::string> map_headers{};
};

/// The rows that consecutive fields give to the tables of a catalogue; see tables.h.
struct Rows {
    std::vector<TileRecord> tiles;
    std::vector<FieldRecord> fields;
    std::vector<float> scores;     ///< all tiles of all fields; see FieldRecord::score_offset
    std::vector<float> local_rms;  ///< Jy/arcsec2, as scores
};

/// A catalogue in memory.
struct Catalogue : Rows {
    std::vector<MapRecord> maps;
    Provenance provenance;
    std::string digest;
};

}  // namespace faintweb::catalogue
