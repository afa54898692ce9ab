#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/infer/classifier.h"
#include "lib/learn/network.h"

namespace faintweb::infer::cuda {

/// Scores whole fields on a GPU: pixels go there once, and only the logits of the tiles come back.
///
/// A few fields are there at the same time, each in a stream of its own, so that one's pixels are
/// copied while another is computed.
class GpuFields {
  public:
    struct Settings {
        learn::Trunk trunk;
        tile::Scaling scaling;
        std::int64_t margin_px;
        std::int64_t tile_px;
        std::int64_t batch_size;
        int gpu;
    };

    /// @param weights  of weights_on().
    GpuFields(const Settings& settings, std::vector<at::Tensor> weights);
    ~GpuFields();

    /// Logits of the tiles of a field, [grid.count(), n_rules], which the CPU has measured. Blocks
    /// while all slots are taken.
    ///
    /// @param wide  see Classifier::classify.
    std::vector<float> logits(const image::Image& wide,
                              const tile::TileGrid& grid,
                              const tile::FieldStatistics& statistics);

    /// @param tiles  [batch_size, edge, edge] float.
    /// @return       [batch_size, 2 n_rules] float.
    at::Tensor forward(const at::Tensor& tiles) const;

  private:
    struct Slot;
    class SlotLock;

    Settings settings_;
    std::vector<at::Tensor> weights_;
    bool is_stem_ours_;
    std::mutex mutex_;
    std::condition_variable is_free_;
    std::vector<std::unique_ptr<Slot>> free_;
};

}  // namespace faintweb::infer::cuda
