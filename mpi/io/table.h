// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/catalogue/columns.h"
#include "mpi/io/hdf5.h"

namespace faintweb::io {

/// The compound type of a table: the same in the file as in memory, so that nothing is converted.
Hdf5Handle record_type(std::span<const catalogue::Column> columns, std::size_t record_bytes);

/// The type of the elements of a table.
///
/// @tparam Element  a record with columns (see catalogue::columns_of), or a number.
template <typename Element>
Hdf5Handle element_type() {
    if constexpr (std::is_arithmetic_v<Element>) {
        return number_type<Element>();
    } else {
        return record_type(catalogue::columns_of<Element>(), sizeof(Element));
    }
}

/// A dataset of one axis whose elements are records with columns, or numbers.
template <typename Element>
class Table {
  public:
    explicit Table(Dataset dataset) : dataset_(std::move(dataset)) {}
    Table(const File& file, std::string_view path) : dataset_(file.dataset(std::string(path))) {}

    static Table add(const File& file,
                     std::string_view path,
                     std::int64_t n,
                     const DatasetSettings& settings = {}) {
        return Table(file.add_dataset(std::string(path), element_type<Element>(), {n}, settings));
    }

    std::int64_t size() const { return dataset_.n_elements(); }

    std::vector<Element> read(std::int64_t first, std::int64_t n) const {
        std::vector<Element> elements(static_cast<std::size_t>(n));
        dataset_.read(element_type<Element>(), {{first}, {n}}, elements.data());
        return elements;
    }
    std::vector<Element> read() const { return read(0, size()); }

    /// @param first  where the elements, which may be none, belong.
    void write(std::int64_t first, std::span<const Element> elements) const {
        dataset_.write({{first}, {static_cast<std::int64_t>(elements.size())}}, elements.data());
    }

  private:
    Dataset dataset_;
};

}  // namespace faintweb::io
