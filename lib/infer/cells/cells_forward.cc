// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cells/cells_forward.h"

#include <optional>

#include "lib/infer/cells/cells_trunk.h"
#include "lib/infer/dense_head.h"
#include "lib/learn/cells_network.h"

namespace faintweb::infer::cells {
namespace {

/// In fp32 by CellsTrunk, in bf16 by LibTorch's convolutions, which have the instructions for it.
class CellsForward final : public ForwardPass {
  public:
    CellsForward(const learn::CellsNetwork& network,
                 const learn::NamedWeights& weights,
                 const ForwardSettings& settings)
        : network_(network), weights_(weights), head_(weights, settings) {
        if (settings.precision == learn::Precision::fp32) {
            const int tile_px = static_cast<int>(settings.tile_px);
            trunk_.emplace(weights, tile_px + 2 * network.sample_layout(tile_px).margin_px);
        }
    }

    std::int64_t batch_size() const override { return trunk_ ? 25 : ForwardPass::batch_size(); }
    bool can_share_margins() const override { return trunk_ && trunk_->can_share_margins(); }
    at::Tensor empty_features(std::int64_t n) const override { return head_.empty_features(n); }
    at::Tensor features(const at::Tensor& pixels, Region region) const override {
        return trunk_ ? trunk_->features(pixels, region) : network_.features(weights_, pixels);
    }
    at::Tensor logits(const at::Tensor& features) const override { return head_.logits(features); }

  private:
    const learn::CellsNetwork& network_;
    learn::NamedWeights weights_;
    DenseHead head_;
    std::optional<CellsTrunk> trunk_;
};

}  // namespace

std::unique_ptr<const ForwardPass> make_forward_pass(const learn::Network& network,
                                                     const learn::NamedWeights& weights,
                                                     const ForwardSettings& settings) {
    if (settings.device.kind != learn::DeviceKind::cpu) {
        return nullptr;
    }
    return std::make_unique<CellsForward>(dynamic_cast<const learn::CellsNetwork&>(network),
                                          weights, settings);
}

}  // namespace faintweb::infer::cells
