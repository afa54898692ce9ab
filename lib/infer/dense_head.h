// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

#include "lib/infer/forward_pass.h"
#include "lib/infer/packed_layer.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer {

/// The two dense layers of a DenseNetwork on a CPU; in bf16 the hidden one is a PackedLayer where
/// the processor and LibTorch have one.
class DenseHead {
  public:
    DenseHead(learn::NamedWeights weights, const ForwardSettings& settings);

    /// Memory for the features of n tiles: [n, n_features] of any values.
    at::Tensor empty_features(std::int64_t n) const;
    /// Logits of a group of tiles.
    ///
    /// @param features  [group_size, n_features].
    /// @return          [group_size, n_rules] float.
    at::Tensor logits(const at::Tensor& features) const;

  private:
    learn::NamedWeights weights_;
    std::optional<PackedLayer> hidden_;
};

}  // namespace faintweb::infer
