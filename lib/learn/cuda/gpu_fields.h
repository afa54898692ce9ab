#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/learn/classifier.h"
#include "lib/learn/network.h"

namespace faintweb::learn::cuda {

/// Classifies whole fields on a GPU: pixels go there once, and only what is found of each tile
/// comes back.
///
/// A few fields are there at the same time, each in a stream of its own, so that one's pixels are
/// copied while another is computed.
class GpuFields {
  public:
    struct Settings {
        Trunk trunk;
        tile::Scaling scaling;
        std::int64_t margin_px;
        std::int64_t tile_px;
        std::int64_t batch_size;
        int gpu;
    };

    /// @param weights  of weights_on().
    GpuFields(const Settings& settings, std::vector<at::Tensor> weights);
    ~GpuFields();

    /// See Classifier::classify. Blocks while all slots are taken.
    FieldAnswer classify(const image::Image& wide, const tile::TileGrid& grid);

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

}  // namespace faintweb::learn::cuda
