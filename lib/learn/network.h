#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faintweb::learn {

/// What a caller needs to know of a network before it has one.
struct NetworkInfo {
    std::string name;
    std::int64_t n_parameters = 0;
    double mflop_per_tile = 0;  ///< forward, one multiply-add = 2
    int margin_px = 0;          ///< context that the network wants around each tile
};

/// One weight tensor of a network: its name in the model file and its shape, row-major.
struct WeightShape {
    std::string name;
    std::vector<std::int64_t> shape;
    bool operator==(const WeightShape&) const = default;
};

/// Product of the extents.
std::int64_t n_values(const WeightShape& weight);

/// One tensor of a model, by value.
struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<float> values;
    bool operator==(const Tensor&) const = default;
};

/// What the named networks differ in: what follows the second convolution.
enum class SecondPooling {
    halves,   ///< max-pool 2x2, flattened: as many features as the tile is large
    pyramid,  ///< max-pool onto a 3x3 and a 1x1 grid: 640 features for any tile
};

/// Every network that can be named: "cosmodeep", "cosmodeep_spp".
std::vector<std::string> network_names();

/// Counts of a network for tiles of tile_px x tile_px pixels.
///
/// @param tile_px  edge of a tile, pixel; 8 <= tile_px <= 256.
/// @throws UsageError  if there is no such network (lists those there are) or tile_px is out of
/// range.
/// @source Gheller et al. 2018, section 2 and Figure 1; the two readings of its parameter count are
///         PAPER.md, section "Network".
NetworkInfo network_info(const std::string& name, int tile_px);

/// The weight tensors of a network in their fixed order (PyTorch's layouts: a convolution is
/// [out, in, rows, cols], a fully connected layer [out, in]).
///
/// @throws UsageError  as network_info().
std::vector<WeightShape> weight_shapes(const std::string& name, int tile_px);

/// @throws UsageError  if there is no such network.
SecondPooling second_pooling(const std::string& name);

/// Random weights of a network: normal with variance 2 / fan-in before a ReLU (He et al. 2015),
/// 1 / fan-in before the output, biases zero. A pure function of its arguments.
///
/// @throws UsageError  as network_info().
std::vector<Tensor> random_weights(const std::string& name, int tile_px, std::uint64_t seed);

}  // namespace faintweb::learn
