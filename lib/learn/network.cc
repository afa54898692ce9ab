#include "lib/learn/network.h"

#include <array>
#include <cmath>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/text.h"

namespace faintweb::learn {
namespace {

constexpr std::int64_t n_maps_1 = 32;
constexpr std::int64_t n_maps_2 = 64;
constexpr std::int64_t n_hidden = 1024;
constexpr std::int64_t n_classes = 2;
constexpr std::int64_t kernel_size = 9;  // 3 x 3
constexpr int min_tile_px = 8;
constexpr int max_tile_px = 256;

struct NetworkEntry {
    std::string_view name;
    SecondPooling second_pooling;
};

/// The registry: a new network is a line here, and what it needs in weight_shapes() and forward().
constexpr std::array networks{
    NetworkEntry{"cosmodeep", SecondPooling::halves},
    NetworkEntry{"cosmodeep_spp", SecondPooling::pyramid},
};

void check_tile(int tile_px) {
    if (tile_px < min_tile_px || tile_px > max_tile_px) {
        throw base::UsageError(base::text("tile size ",
                                          tile_px,
                                          " px is out of range (the networks take ",
                                          min_tile_px,
                                          " to ",
                                          max_tile_px,
                                          " px); choose a size in that range"));
    }
}

std::int64_t n_features(SecondPooling pooling, int tile_px) {
    const std::int64_t edge = tile_px / 2 / 2;
    return n_maps_2 * (pooling == SecondPooling::pyramid ? 3 * 3 + 1 : edge * edge);
}

}  // namespace

std::vector<std::string> network_names() {
    std::vector<std::string> names;
    for (const NetworkEntry& entry : networks) {
        names.emplace_back(entry.name);
    }
    return names;
}

SecondPooling second_pooling(const std::string& name) {
    std::string known;
    for (const NetworkEntry& entry : networks) {
        if (entry.name == name) {
            return entry.second_pooling;
        }
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    throw base::UsageError("there is no network '" + name + "'; choose one of: " + known);
}

std::vector<WeightShape> weight_shapes(const std::string& name, int tile_px) {
    const std::int64_t features = n_features(second_pooling(name), tile_px);
    check_tile(tile_px);
    return {{"conv1.weight", {n_maps_1, 1, 3, 3}},
            {"conv1.bias", {n_maps_1}},
            {"conv2.weight", {n_maps_2, n_maps_1, 3, 3}},
            {"conv2.bias", {n_maps_2}},
            {"hidden.weight", {n_hidden, features}},
            {"hidden.bias", {n_hidden}},
            {"output.weight", {n_classes, n_hidden}},
            {"output.bias", {n_classes}}};
}

std::int64_t n_values(const WeightShape& weight) {
    std::int64_t n = 1;
    for (const std::int64_t extent : weight.shape) {
        n *= extent;
    }
    return n;
}

NetworkInfo network_info(const std::string& name, int tile_px) {
    NetworkInfo info;
    info.name = name;
    for (const WeightShape& weight : weight_shapes(name, tile_px)) {
        info.n_parameters += n_values(weight);
    }
    const std::int64_t pixels = std::int64_t{tile_px} * tile_px;
    const std::int64_t half_pixels = std::int64_t{tile_px / 2} * (tile_px / 2);
    const std::int64_t n_multiply_adds =
        pixels * kernel_size * n_maps_1 + half_pixels * kernel_size * n_maps_1 * n_maps_2 +
        n_features(second_pooling(name), tile_px) * n_hidden + n_hidden * n_classes;
    info.mflop_per_tile = 2e-6 * static_cast<double>(n_multiply_adds);
    return info;
}

std::vector<Tensor> random_weights(const std::string& name, int tile_px, std::uint64_t seed) {
    std::vector<Tensor> tensors;
    for (const WeightShape& weight : weight_shapes(name, tile_px)) {
        Tensor tensor{weight.name, weight.shape, {}};
        tensor.values.resize(static_cast<std::size_t>(n_values(weight)));
        if (weight.shape.size() > 1) {  // biases stay zero
            const std::int64_t fan_in = n_values(weight) / weight.shape.front();
            const double variance =
                (weight.shape.front() == n_classes ? 1.0 : 2.0) / static_cast<double>(fan_in);
            base::fill_normal(seed,
                              base::Purpose::weights,
                              tensors.size(),
                              0,
                              tensor.values.size(),
                              tensor.values.data());
            for (float& value : tensor.values) {
                value *= static_cast<float>(std::sqrt(variance));
            }
        }
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

}  // namespace faintweb::learn
