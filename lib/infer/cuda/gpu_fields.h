// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "lib/image/image.h"
#include "lib/infer/forward_pass.h"
#include "lib/tile/grid.h"
#include "lib/tile/scaling.h"
#include "lib/tile/statistics.h"

namespace faintweb::infer::cuda {

/// Scores whole fields on a GPU: pixels go there once, and only the logits of the tiles come back.
///
/// A few fields are there at the same time, each in a stream of its own, so that one's pixels are
/// copied while another is computed.
class GpuFields {
  public:
    struct Settings {
        tile::Scaling scaling;
        std::int64_t margin_px;
        std::int64_t tile_px;
        std::int64_t batch_size;
        int gpu;
    };

    /// @param pass  of a network of one channel, on the GPU; must outlive this object.
    GpuFields(const Settings& settings, const ForwardPass& pass);
    ~GpuFields();

    /// Logits of the tiles of a field that the CPU has measured. The call blocks while all slots
    /// are taken.
    ///
    /// @param wide  as Classifier::classify takes it.
    /// @return      [grid.count(), n_rules].
    std::vector<float> logits(const image::Image& wide,
                              const tile::TileGrid& grid,
                              const tile::FieldStatistics& statistics);

  private:
    struct Slot;
    class SlotLock;

    Settings settings_;
    const ForwardPass& pass_;
    std::mutex mutex_;
    std::condition_variable is_free_;
    std::vector<std::unique_ptr<Slot>> free_;
};

}  // namespace faintweb::infer::cuda
