// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/infer/forward_pass.h"
#include "lib/learn/cosmodeep.h"

namespace faintweb::infer::cosmodeep::cuda {

/// A Cosmodeep in bf16 on a GPU, with the kernels of kernels.h around LibTorch's products.
class StemForward final : public ForwardPass {
  public:
    /// @param network  must outlive this object.
    StemForward(const learn::Cosmodeep& network, const learn::NamedWeights& weights);

    at::Tensor empty_features(std::int64_t n) const override;
    at::Tensor features(const at::Tensor& tiles, Region region) const override;
    at::Tensor logits(const at::Tensor& features) const override;

  private:
    const learn::Cosmodeep& network_;
    learn::NamedWeights weights_;
};

}  // namespace faintweb::infer::cosmodeep::cuda
