// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/vector.h"
#include "lib/infer/forward_pass.h"

namespace faintweb::infer {

/// Lends the memory that a thread computes in, so that it need not be cleared each time; keeps no
/// more of it than was lent at the same time.
///
/// @tparam Scratch  has a member `region`, which says what it is for.
template <typename Scratch>
class ScratchPool {
  public:
    /// Lends memory for a region; make(region) makes some where none is left.
    template <typename Make>
    Scratch take(Region region, const Make& make) {
        {
            const std::lock_guard lock(mutex_);
            const auto found = std::ranges::find(free_, region, &Scratch::region);
            if (found != free_.end()) {
                Scratch scratch = std::move(*found);
                free_.erase(found);
                return scratch;
            }
            if (!free_.empty()) {
                free_.pop_back();  // for another region, in whose place this one comes
            }
        }
        return make(region);
    }
    void give_back(Scratch scratch) {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(scratch));
    }

  private:
    std::mutex mutex_;
    std::vector<Scratch> free_;
};

/// Lanes of the widest vectors that this processor has registers for and n_maps fill.
inline int lanes_for(std::int64_t n_maps, int max_lanes) {
    int lanes = std::min(max_lanes, base::widest_lanes());
    while (lanes > 4 && n_maps % lanes != 0) {
        lanes /= 2;
    }
    return lanes;
}

/// Runs work(first pixel, where its results go) for each of n regions.
///
/// @param pixels  [n, 1, rows, cols] float, contiguous.
/// @param out     of n equal parts, contiguous in its memory format.
template <typename Work>
void for_each_region(const at::Tensor& pixels, const at::Tensor& out, const Work& work) {
    const std::int64_t n = pixels.size(0);
    const std::int64_t n_values = pixels.numel() / n;
    const std::size_t n_bytes = out.nbytes() / static_cast<std::size_t>(n);
    auto* to = static_cast<std::byte*>(out.mutable_data_ptr());
    for (std::int64_t i = 0; i < n; ++i) {
        work(pixels.const_data_ptr<float>() + i * n_values,
             static_cast<void*>(to + static_cast<std::size_t>(i) * n_bytes));
    }
}

}  // namespace faintweb::infer
