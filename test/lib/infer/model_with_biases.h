// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/base/random.h"
#include "lib/learn/model.h"

namespace faintweb::infer {

/// Random weights with biases that are not zero, so that a forgotten bias shows.
///
/// @param size  standard deviation of the biases.
inline learn::Model model_with_biases(const std::string& network,
                                      int tile_px,
                                      tile::Scaling scaling,
                                      std::uint64_t seed,
                                      float size) {
    learn::Model model = learn::random_model(network, tile_px, scaling, seed);
    for (learn::Tensor& tensor : model.tensors) {
        if (tensor.shape.size() == 1) {
            base::fill_normal(4, base::Purpose::test, 1, 0, tensor.values.size(),
                              tensor.values.data());
            for (float& bias : tensor.values) {
                bias *= size;
            }
        }
    }
    return model;
}

}  // namespace faintweb::infer
