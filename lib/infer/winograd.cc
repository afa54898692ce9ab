// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/winograd.h"

namespace faintweb::infer {

Winograd::Winograd(const at::Tensor& weight, const at::Tensor& bias)
    : n_in_(weight.size(1)),
      n_out_(weight.size(0)),
      weights_(static_cast<std::size_t>(n_products * n_in_ * n_out_)),
      biases_(bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + n_out_) {
    constexpr double kernel_transform[input_tile_edge][3] = {{1.0 / 4, 0, 0},
                                                             {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                             {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                                             {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                             {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                                             {0, 0, 1}};
    for (std::int64_t out = 0; out < n_out_; ++out) {
        for (std::int64_t in = 0; in < n_in_; ++in) {
            const float* kernel = weight.const_data_ptr<float>() + (out * n_in_ + in) * 9;
            for (std::int64_t product = 0; product < n_products; ++product) {
                double transformed = 0;
                for (int k = 0; k < 9; ++k) {
                    transformed += kernel_transform[product / input_tile_edge][k / 3] *
                                   kernel_transform[product % input_tile_edge][k % 3] *
                                   static_cast<double>(kernel[k]);
                }
                weights_[static_cast<std::size_t>((product * n_in_ + in) * n_out_ + out)] =
                    static_cast<float>(transformed);
            }
        }
    }
}

}  // namespace faintweb::infer
