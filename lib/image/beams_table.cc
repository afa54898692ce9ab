// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/beams_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/units.h"

namespace faintweb::image {
namespace {

using base::InputError;

[[noreturn]] void refuse(const std::string& why) {
    throw InputError("the BEAMS table " + why);
}

/// A column of numbers, one in each row.
struct Column {
    std::string name;
    char type = ' ';  ///< as in TFORMn
    std::int64_t offset = 0;
    std::string unit;
};

/// Bytes of one element of a column; 0 if the type is unknown. Bits are counted by the caller.
std::int64_t element_bytes(char type) {
    switch (type) {
        case 'L':
        case 'B':
        case 'A':
            return 1;
        case 'I':
            return 2;
        case 'J':
        case 'E':
            return 4;
        case 'K':
        case 'D':
        case 'C':
        case 'P':
            return 8;
        case 'M':
        case 'Q':
            return 16;
        default:
            return 0;
    }
}

/// The columns of a table whose widths fill its rows.
std::vector<Column> read_columns(const FitsCards& cards, std::int64_t row_bytes) {
    constexpr std::int64_t most_columns = 999;
    const std::int64_t n_columns = cards.integer("TFIELDS").value_or(0);
    if (n_columns < 1 || n_columns > most_columns) {
        refuse("has no columns (TFIELDS)");
    }
    std::vector<Column> columns;
    std::int64_t offset = 0;
    for (std::int64_t n = 1; n <= n_columns; ++n) {
        const std::string form = cards.text(fmt::format("TFORM{}", n)).value_or("");
        std::int64_t repeat = 1;
        const auto [end, error] = std::from_chars(form.data(), form.data() + form.size(), repeat);
        const auto place = static_cast<std::size_t>(end - form.data());
        const char type = place < form.size() ? form[place] : ' ';
        const bool is_bits = type == 'X';
        std::int64_t width = 0;
        if ((element_bytes(type) == 0 && !is_bits) || repeat < 0 || repeat > row_bytes * 8 ||
            error == std::errc::result_out_of_range ||
            __builtin_mul_overflow(repeat, is_bits ? 1 : element_bytes(type), &width)) {
            refuse(fmt::format("has a column of an unknown kind (TFORM{} = {})", n, form));
        }
        width = is_bits ? (width + 7) / 8 : width;
        columns.push_back({.name = cards.text(fmt::format("TTYPE{}", n)).value_or(""),
                           .type = repeat == 1 ? type : ' ',
                           .offset = offset,
                           .unit = cards.text(fmt::format("TUNIT{}", n)).value_or("")});
        for (const auto& [key, plain] : {std::pair{"TSCAL", 1.0}, {"TZERO", 0.0}}) {
            if (cards.number(fmt::format("{}{}", key, n)).value_or(plain) != plain) {
                columns.back().type = ' ';
            }
        }
        offset += width;
        if (offset > row_bytes) {
            break;
        }
    }
    if (offset != row_bytes) {
        refuse(fmt::format("has columns of {} bytes in rows of {} (TFORMn, NAXIS1)", offset,
                           row_bytes));
    }
    return columns;
}

const Column* find_column(const std::vector<Column>& columns, std::string_view name) {
    const auto found = std::ranges::find(columns, name, &Column::name);
    if (found == columns.end()) {
        return nullptr;
    }
    if (std::string_view("BIJKED").find(found->type) == std::string_view::npos) {
        refuse(fmt::format("has a column {} that is no plain number", name));
    }
    return &*found;
}

const Column& required_column(const std::vector<Column>& columns, std::string_view name) {
    const Column* const column = find_column(columns, name);
    if (column == nullptr) {
        refuse(fmt::format("has no column {}", name));
    }
    return *column;
}

double value_of(const Column& column, const std::vector<char>& row) {
    const auto n = static_cast<std::size_t>(element_bytes(column.type));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < n; ++i) {
        bits = bits << 8U |
               static_cast<unsigned char>(row[static_cast<std::size_t>(column.offset) + i]);
    }
    switch (column.type) {
        case 'B':
            return static_cast<double>(bits);
        case 'I':
            return static_cast<std::int16_t>(bits);
        case 'J':
            return static_cast<std::int32_t>(bits);
        case 'E':
            return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
        case 'D':
            return std::bit_cast<double>(bits);
        default:
            return static_cast<double>(static_cast<std::int64_t>(bits));
    }
}

double arcsec_per_unit(const Column& column) {
    std::string unit;
    for (const char letter : column.unit) {
        unit += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    using Named = std::pair<std::string_view, double>;
    constexpr std::array<Named, 8> units = {{{"arcsec", 1},
                                             {"arcsecond", 1},
                                             {"arcmin", 60},
                                             {"deg", base::arcsec_per_deg},
                                             {"degree", base::arcsec_per_deg},
                                             {"degrees", base::arcsec_per_deg},
                                             {"rad", base::arcsec_per_rad},
                                             {"mas", 1e-3}}};
    const auto found = std::ranges::find(units, unit, &Named::first);
    if (found == units.end()) {
        refuse(fmt::format("has the unit '{}' in the column {} (no angle that is known)",
                           column.unit, column.name));
    }
    return found->second;
}

}  // namespace

TabledBeam read_beam_table(const FitsBytes& bytes, const FitsTable& table) {
    const std::int64_t row_bytes = table.cards.integer("NAXIS1").value_or(0);
    const std::int64_t n_rows = table.cards.integer("NAXIS2").value_or(0);
    // A cube of a million planes would take an hour a plane to make.
    constexpr std::int64_t most_row_bytes = 1 << 20;
    constexpr std::int64_t most_rows = 1'000'000;
    if (table.cards.integer("NAXIS") != 2 || row_bytes < 1 || row_bytes > most_row_bytes ||
        n_rows < 1 || n_rows > most_rows || row_bytes > table.data_bytes / n_rows) {
        refuse(fmt::format("has {} rows of {} bytes (nothing to read)", n_rows, row_bytes));
    }
    const std::vector<Column> columns = read_columns(table.cards, row_bytes);
    const Column& major = required_column(columns, "BMAJ");
    const Column& minor = required_column(columns, "BMIN");
    const Column* const angle = find_column(columns, "BPA");
    const Column* const channel = find_column(columns, "CHAN");
    const Column* const polarisation = find_column(columns, "POL");
    const double major_arcsec = arcsec_per_unit(major);
    const double minor_arcsec = arcsec_per_unit(minor);
    const double angle_arcsec = angle == nullptr ? 0 : arcsec_per_unit(*angle);

    std::optional<Beam> own;
    std::optional<Beam> first;
    bool has_other = false;
    std::vector<char> row(static_cast<std::size_t>(row_bytes));
    for (std::int64_t n = 0; n < n_rows; ++n) {
        bytes.copy(table.data_byte + n * row_bytes, row);
        const Beam beam{
            value_of(major, row) * major_arcsec, value_of(minor, row) * minor_arcsec,
            angle == nullptr ? 0 : value_of(*angle, row) * angle_arcsec / base::arcsec_per_deg};
        const bool is_of_plane = (channel == nullptr || value_of(*channel, row) == 0) &&
                                 (polarisation == nullptr || value_of(*polarisation, row) == 0);
        if (is_of_plane && own && *own != beam) {
            refuse("has several beams for one plane (CHAN 0, POL 0)");
        }
        if (is_of_plane) {
            own = beam;
        }
        has_other = has_other || (first && *first != beam);
        first = first.value_or(beam);
    }
    if (n_rows == 1) {
        own = first;
    }
    if (!own) {
        refuse("has no row for CHAN 0, POL 0");
    }
    if (!std::isfinite(own->major_arcsec) || !std::isfinite(own->minor_arcsec) ||
        !std::isfinite(own->angle_deg) || own->minor_arcsec <= 0 || own->major_arcsec <= 0) {
        refuse(fmt::format("has BMAJ = {:g}\", BMIN = {:g}\" for the plane (no beam)",
                           own->major_arcsec, own->minor_arcsec));
    }
    if (own->minor_arcsec > own->major_arcsec) {
        std::swap(own->major_arcsec, own->minor_arcsec);
        own->angle_deg += 90;
    }
    return {*own, has_other
                      ? fmt::format("the BEAMS table holds several beams, that of CHAN 0, POL 0 "
                                    "({:g}\" x {:g}\") is used",
                                    own->major_arcsec, own->minor_arcsec)
                      : ""};
}

}  // namespace faintweb::image
