#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lib/learn/device.h"
#include "lib/learn/model.h"

namespace faintweb::learn {

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
    /// @return       [n] softmax probability of signal, not calibrated.
    std::vector<float> scores(std::span<const float> tiles) const;

    Device device() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace faintweb::learn
