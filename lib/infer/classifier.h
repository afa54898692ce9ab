// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/learn/device.h"
#include "lib/learn/model.h"
#include "lib/tile/grid.h"
#include "lib/tile/statistics.h"
#include "lib/tile/sums.h"

namespace faintweb::infer {

/// The softmax probability of signal, in [0, 1]. From a logit of 17 on it is exactly 1, which is
/// why probabilities are calibrated from logits.
float score_of_logit(float logit);

/// The score_of_logit() of each of several logits.
///
/// @return  [logits.size()].
std::vector<float> scores_of_logits(std::span<const float> logits);

/// What the pixels of a field and a network say of its tiles.
struct FieldAnswer {
    tile::RobustStatistics robust;     ///< of the field without its margin
    std::vector<tile::TileSums> sums;  ///< [n_tiles]
    std::vector<float> logits;         ///< [n_tiles, n_rules], as Classifier::logits gives them
    double numbers_s = 0;  ///< that the statistics of the field and the sums of its tiles took
    double network_s = 0;  ///< that scaling and the network took
};

/// A network ready to score tiles.
///
/// Tiles go through in groups of one fixed size, or in regions that follow from the grid, each on
/// one thread, so that the score of a tile is bit by bit the same for any number of threads.
class Classifier {
  public:
    /// @param n_threads  groups of one call that run at the same time on the CPU, >= 1; a GPU takes
    ///                   them one by one.
    /// @param precision  of the inner layers; the first convolution, whose input spans decades, and
    ///                   the output are fp32 in bf16, too.
    Classifier(const learn::Model& model,
               learn::Device device,
               int n_threads,
               learn::Precision precision = learn::Precision::fp32);
    ~Classifier();
    Classifier(Classifier&&) noexcept;
    Classifier& operator=(Classifier&&) noexcept;

    /// Logits of tiles that are cut and scaled.
    ///
    /// @param tiles  [n, n_channels, rows, cols] row-major, each with the network's margin, scaled
    ///               with the model's scaling; finite.
    /// @return       [n, n_rules] logarithm of the odds of signal under each label rule that the
    ///               model's weights answer (one, but while they are trained), not calibrated: the
    ///               output for signal minus that for noise.
    std::vector<float> logits(std::span<const float> tiles) const;

    /// Scales a field, cuts it into tiles, and takes their logits and sums. Calls from several
    /// threads run at the same time. For networks that read one channel.
    ///
    /// @param wide       the field with the network's margin, Jy/arcsec2, blanks NaN.
    /// @param grid       of tiles of the model's size.
    /// @param noise      of the field with its margin; read by models that scale with it.
    /// @param n_threads  that this call may use on the CPU.
    FieldAnswer classify(const image::Image& wide,
                         const tile::TileGrid& grid,
                         const tile::LocalNoise& noise,
                         int n_threads) const;

    /// The score_of_logit() of each of logits().
    ///
    /// @param tiles  as logits() takes them.
    /// @return       [n, n_rules], in [0, 1].
    std::vector<float> scores(std::span<const float> tiles) const;

    learn::Device device() const;
    learn::Precision precision() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace faintweb::infer
