// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cosmodeep/cosmodeep_forward.h"

#include "lib/infer/cosmodeep/cosmodeep_trunk.h"
#ifdef FAINTWEB_CUDA
#include "lib/infer/cosmodeep/cuda/stem_forward.h"
#endif
#include "lib/infer/dense_head.h"
#include "lib/learn/cosmodeep.h"

namespace faintweb::infer::cosmodeep {
namespace {

class CosmodeepForward final : public ForwardPass {
  public:
    CosmodeepForward(const learn::Cosmodeep& network,
                     const learn::NamedWeights& weights,
                     const ForwardSettings& settings)
        : is_fp32_(settings.precision == learn::Precision::fp32),
          trunk_(network, weights, settings.tile_px),
          head_(weights, settings) {}

    std::int64_t batch_size() const override { return is_fp32_ ? 25 : ForwardPass::batch_size(); }
    at::Tensor empty_features(std::int64_t n) const override { return head_.empty_features(n); }
    at::Tensor features(const at::Tensor& pixels, Region) const override {
        return trunk_.features(pixels);
    }
    at::Tensor logits(const at::Tensor& features) const override { return head_.logits(features); }

  private:
    bool is_fp32_;
    CosmodeepTrunk trunk_;
    DenseHead head_;
};

}  // namespace

std::unique_ptr<const ForwardPass> make_forward_pass(const learn::Network& network,
                                                     const learn::NamedWeights& weights,
                                                     const ForwardSettings& settings) {
    const auto& cosmodeep = dynamic_cast<const learn::Cosmodeep&>(network);
    if (settings.device.kind == learn::DeviceKind::cpu) {
        return std::make_unique<CosmodeepForward>(cosmodeep, weights, settings);
    }
#ifdef FAINTWEB_CUDA
    if (settings.precision == learn::Precision::bf16) {
        return std::make_unique<cuda::StemForward>(cosmodeep, weights);
    }
#endif
    return nullptr;
}

}  // namespace faintweb::infer::cosmodeep
