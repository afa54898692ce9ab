// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "lib/base/hash.h"
#include "lib/image/window.h"

namespace faintweb::image {

/// Hashes the pixels of a window out of those that are read of a map, in file order.
class WindowHash {
  public:
    WindowHash(const MapWindow& window, std::int64_t map_cols)
        : window_(window), map_cols_(map_cols) {}

    /// @param words     as they lie in the file.
    /// @param first_px  place of the first of them among all pixels of the map.
    template <typename Word>
    void add(std::span<const Word> words, std::int64_t first_px) {
        const std::int64_t end_px = first_px + static_cast<std::int64_t>(words.size());
        const std::int64_t first_row = std::max(first_px / map_cols_, window_.y0);
        const std::int64_t end_row =
            std::min((end_px - 1) / map_cols_ + 1, window_.y0 + window_.rows);
        for (std::int64_t row = first_row; row < end_row; ++row) {
            const std::int64_t row_px = row * map_cols_ + window_.x0;
            const std::int64_t from = std::max(row_px, first_px);
            const std::int64_t to = std::min(row_px + window_.cols, end_px);
            if (from < to) {
                hash_.add(std::as_bytes(words.subspan(static_cast<std::size_t>(from - first_px),
                                                      static_cast<std::size_t>(to - from))));
            }
        }
    }
    std::string finish() const { return hash_.finish(); }

  private:
    MapWindow window_;
    std::int64_t map_cols_;
    base::Xxh3 hash_;
};

}  // namespace faintweb::image
