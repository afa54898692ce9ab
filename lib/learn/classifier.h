#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lib/learn/device.h"
#include "lib/learn/model.h"

namespace faintweb::learn {

/// The softmax probability of signal, in [0, 1]. From a logit of 17 on it is exactly 1, which is
/// why probabilities are calibrated from logits.
float score_of_logit(float logit);
std::vector<float> scores_of_logits(std::span<const float> logits);

/// A network ready to score tiles.
///
/// Tiles go through in batches of one fixed size, each on one thread, so that the score of a tile
/// is bit by bit the same for any number of threads.
class Classifier {
  public:
    /// @param n_threads  batches that run at the same time on the CPU, >= 1; a GPU takes one by
    /// one.
    Classifier(const Model& model, Device device, int n_threads);
    ~Classifier();
    Classifier(Classifier&&) noexcept;
    Classifier& operator=(Classifier&&) noexcept;

    /// @param tiles  [n, rows, cols] row-major, each with the network's margin, scaled with the
    ///               model's scaling; finite.
    /// @return       [n, n_rules] logarithm of the odds of signal under each label rule that the
    ///               model's weights answer (one, but while they are trained), not calibrated: the
    ///               output for signal minus that for noise.
    std::vector<float> logits(std::span<const float> tiles) const;

    /// The same as score_of_logit() of each.
    std::vector<float> scores(std::span<const float> tiles) const;

    Device device() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace faintweb::learn
