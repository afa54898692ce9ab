#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faintweb::learn {

/// What a network answers: one label rule, or several at once.
struct Questions {
    std::int64_t n_rules = 1;  ///< label rules, each with an answer of its own; at most max_rules
    /// Flux thresholds whose parts above the cells of a tile tell: those of all rules that the
    /// network has learned.
    std::int64_t n_thresholds = 1;
};

/// The labels of a tile are the bits of a byte.
inline constexpr std::int64_t max_rules = 8;

/// What a caller needs to know of a network before it has one.
struct NetworkInfo {
    std::string name;
    Questions questions{};
    std::int64_t n_parameters = 0;
    double mflop_per_tile = 0;  ///< forward, one multiply-add = 2
    int margin_px = 0;          ///< context that the network wants around each tile
    std::int64_t n_hidden = 0;  ///< width of the fully connected layer before the output
    bool has_dropout = false;   ///< whether that layer is trained with dropout
    /// Cells along a tile's edge whose part above each threshold the network also learns to tell; 0
    /// for networks that learn from labels alone.
    std::int64_t n_cells = 0;
    /// Numbers of a training sample: the tile with its margin, [rows, cols], and behind it the part
    /// above each threshold of each of its cells, [n_thresholds, n_cells, n_cells].
    std::int64_t n_sample_values = 0;

    /// Of a tile with its margin.
    std::int64_t n_tile_values() const {
        return n_sample_values - questions.n_thresholds * n_cells * n_cells;
    }
};

/// Edge of such a cell, pixel.
inline constexpr std::int64_t cell_px = 2;

/// Trunk::cells: edge of its first kernel, which steps by a cell, and how many 3x3 convolutions
/// follow.
inline constexpr std::int64_t stem_px = 6;
inline constexpr std::int64_t n_cell_convolutions = 3;

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

/// What comes before the fully connected layers of a network.
enum class Trunk {
    flattened,  ///< two 3x3 convolutions, each max-pooled 2x2: as many features as the tile is
                ///< large
    pyramid,    ///< the second is max-pooled onto a 3x3 and a 1x1 grid: 640 features for any tile
    cells,      ///< convolutions at half resolution that use up a margin; mean and maximum over the
                ///< tile, and the expected part of its cells above the threshold
};

/// Every network that can be named: "cosmodeep", "cosmodeep_spp", "faintweb", "faintweb_fast",
/// "faintweb_lite".
std::vector<std::string> network_names();

/// Counts of a network for tiles of tile_px x tile_px pixels.
///
/// @param tile_px  edge of a tile without margin, pixel; 8 <= tile_px <= 256.
/// @throws UsageError  if there is no such network (lists those there are) or tile_px is out of
/// range.
/// @source cosmodeep, cosmodeep_spp: Gheller et al. 2018, section 2 and Figure 1; the two readings
///         of its parameter count are in docs/paper.md, "Network". faintweb, faintweb_fast,
///         faintweb_lite: ours, with fewer and fewer maps; a label counts pixels, so the network
///         tells for every 2x2 pixels how many are above the threshold, and adds up.
NetworkInfo network_info(const std::string& name, int tile_px, Questions questions = {});

/// The weight tensors of a network in their fixed order (PyTorch's layouts: a convolution is
/// [out, in, rows, cols], a fully connected layer [out, in]).
///
/// @throws UsageError  as network_info().
std::vector<WeightShape> weight_shapes(const std::string& name,
                                       int tile_px,
                                       Questions questions = {});

/// The network that answers one of several rules, with the same scores: the others' answers are
/// left out. It still tells the part of cells above all thresholds, which each answer uses.
///
/// @param tensors  as weight_shapes() says.
/// @param rule     0 .. n_rules - 1.
/// @return         as weight_shapes() says for one rule and the same thresholds.
std::vector<Tensor> weights_of_rule(std::vector<Tensor> tensors, std::int64_t rule);

/// @throws UsageError  if there is no such network.
Trunk trunk_of(const std::string& name);

/// Random weights of a network: normal with variance 2 / fan-in before a ReLU (He et al. 2015),
/// 1 / fan-in before the output, biases zero. A pure function of its arguments.
///
/// @throws UsageError  as network_info().
std::vector<Tensor> random_weights(const std::string& name,
                                   int tile_px,
                                   std::uint64_t seed,
                                   Questions questions = {});

}  // namespace faintweb::learn
