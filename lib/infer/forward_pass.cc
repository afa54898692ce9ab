// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/forward_pass.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <ATen/ops/empty.h>

#include "lib/infer/cells/cells_forward.h"
#include "lib/infer/cosmodeep/cosmodeep_forward.h"
#include "lib/learn/torch_network.h"

namespace faintweb::infer {
namespace {

/// Kernels of one kind of network.
struct Kernels {
    std::string_view kind;
    bool is_faster_in_fp32;  ///< on any CPU
    /// Null where the network's own layers are as good.
    std::unique_ptr<const ForwardPass> (*make)(const learn::Network& network,
                                               const learn::NamedWeights& weights,
                                               const ForwardSettings& settings);
};

/// A network without a line here runs its own layers.
constexpr std::array all_kernels{
    Kernels{"cosmodeep", false, cosmodeep::make_forward_pass},
    Kernels{"cells", true, cells::make_forward_pass},
};

const Kernels* find_kernels(const learn::Network& network) {
    const auto* found = std::ranges::find(all_kernels, network.kind(), &Kernels::kind);
    return found == all_kernels.end() ? nullptr : found;
}

/// A network's own layers; its features are its logits.
class OwnLayers final : public ForwardPass {
  public:
    OwnLayers(const learn::Network& network, learn::NamedWeights weights, std::int64_t n_rules)
        : network_(network), weights_(std::move(weights)), n_rules_(n_rules) {}

    at::Tensor empty_features(std::int64_t n) const override { return at::empty({n, n_rules_}); }
    at::Tensor features(const at::Tensor& pixels, Region) const override {
        return network_.logits(weights_, pixels);
    }
    at::Tensor logits(const at::Tensor& features) const override { return features; }

  private:
    const learn::Network& network_;
    learn::NamedWeights weights_;
    std::int64_t n_rules_;
};

}  // namespace

std::unique_ptr<const ForwardPass> make_forward_pass(const learn::Network& network,
                                                     std::span<const learn::Tensor> weights,
                                                     const ForwardSettings& settings) {
    learn::NamedWeights there = network.inference_weights(learn::torch_device(settings.device),
                                                          weights, settings.precision);
    if (const Kernels* kernels = find_kernels(network)) {
        if (auto pass = kernels->make(network, there, settings)) {
            return pass;
        }
    }
    return std::make_unique<OwnLayers>(network, std::move(there), network.n_rules(weights));
}

bool is_faster_in_fp32(const learn::Network& network) {
    const Kernels* kernels = find_kernels(network);
    return kernels != nullptr && kernels->is_faster_in_fp32;
}

}  // namespace faintweb::infer
