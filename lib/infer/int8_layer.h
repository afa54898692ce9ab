#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/vector.h"

namespace faintweb::infer {

/// A connected layer and its ReLU in 8-bit integers, on a CPU.
///
/// Weights become whole numbers in -127 .. 127 with a step for each output, the features of a tile,
/// which are not negative, in 0 .. 127 with a step for each tile. So two products fit in 16 bits,
/// which processors without 8-bit dot products need, and every sum is exact: the result is bit by
/// bit the same on every processor and for any company of a tile.
class Int8Layer {
  public:
    static constexpr std::int64_t max_inputs = 130'000;  ///< of 127 * 127, a sum has 32 bits

    /// @param weight  [n_out, n_in] float, contiguous, finite; n_in at most max_inputs.
    /// @param bias    [n_out] float.
    /// @param max_vector_bytes  of the processor's vectors: 16, 32 or 64.
    Int8Layer(const at::Tensor& weight, const at::Tensor& bias, int max_vector_bytes = 64);

    /// Calls from several threads run at the same time, each on its own thread.
    ///
    /// @param features  [n, n_in] float, contiguous, not negative, finite; below 1e-30 all of a
    ///                  tile's count as zero.
    /// @return          [n, n_out] float, not negative.
    at::Tensor operator()(const at::Tensor& features) const;

  private:
    int max_vector_bytes_;
    std::int64_t n_in_;
    std::int64_t n_out_;
    std::int64_t n_runs_;                    ///< runs of four features; zeros fill the last
    std::int64_t n_panels_;                  ///< of panel_width outputs; zeros fill the last
    base::LineVector<std::int8_t> weights_;  ///< [n_panels, n_runs, panel_width, 4]
    std::vector<float> steps_;               ///< [n_out]
    std::vector<float> biases_;              ///< [n_out]
};

}  // namespace faintweb::infer
