// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/image/beam.h"
#include "lib/image/pixel_shape.h"
#include "lib/label/rule.h"
#include "lib/learn/network.h"
#include "lib/score/calibration.h"
#include "lib/score/history.h"
#include "lib/score/metrics.h"
#include "lib/tile/scaling.h"

namespace faintweb::learn {

/// A network with its weights and everything that is needed to use it rightly.
struct Model {
    std::string network = "cosmodeep_spp";
    std::int64_t n_thresholds = 1;  ///< as in Heads, of which it answers one rule
    int tile_px = 40;
    tile::Scaling scaling = tile::Scaling::asinh_sigma;
    label::LabelRule label_rule;
    /// What the training maps looked like.
    double pixel_arcsec = 0;
    image::Beam beam{};
    double noise_jy_beam = 0;
    double frequency_hz = 0;  ///< 0: unknown
    /// Whether the skies that it was trained and calibrated on had compact sources; none: unknown.
    std::optional<bool> has_compact_sources;
    /// A tile is a detection if its score is above this.
    double threshold = 0.5;
    score::Calibration calibration;
    std::string training_data_sha256;  ///< empty: not trained
    /// The epochs of the training; the file keeps at most 1000.
    std::vector<score::EpochRecord> history;
    int kept_epoch = 0;  ///< after which the weights were as they are; 0: unknown
    score::Metrics metrics;
    std::string faintweb_version;  ///< of the program that wrote the file
    std::string torch_version;
    std::vector<Tensor> tensors;  ///< in the order of weight_shapes()
    std::string sha256;           ///< of the file; empty before it is written or read

    Heads heads() const { return {.n_rules = 1, .n_thresholds = n_thresholds}; }
};

/// "yes", "no" or "unknown": whether a model has seen compact sources.
const char* compact_sources_word(const Model& model);

/// Makes a model with random weights (random_weights()) for tests, timings and the start of a
/// training. Its pixel, beam and noise are left to the caller; write_model() refuses it without
/// them.
///
/// @throws UsageError  as network_info().
Model random_model(const std::string& network,
                   int tile_px,
                   tile::Scaling scaling,
                   std::uint64_t seed);

/// Reads a model file: safetensors with JSON metadata, nothing in it is executed.
///
/// @throws UsageError  one line that says what is wrong with the file and what to do: it cannot be
///     read, is of another kind (pickle, TorchScript, HDF5, ...), its header is too long or no
///     JSON, holds a name twice, offsets leave the file, overlap or leave a hole, metadata is
///     missing or out of range, a tensor is missing, too many, of another type or shape than the
///     network's, or holds NaN or infinity.
Model read_model(const std::string& path);

/// Writes a model file whole or not at all (.partial, fsync, rename) and sets model.sha256.
///
/// @throws UsageError  if a weight is not finite, the tensors are not the network's, or a setting
///                     is out of range (pixel or beam not above 0, ...).
/// @throws DiskError, InputError  if it cannot be written.
void write_model(const std::string& path, Model& model);

/// One way in which a model does not fit a map.
struct Mismatch {
    std::string what;    ///< "pixel" or "beam": the word that --accept-mismatch takes
    std::string reason;  ///< one line with both values
};

/// How a model does not fit a map: an edge of the pixel, or an axis of the beam, more than 5 % off,
/// or rows and columns that miss the right angle by as much.
///
/// The angle of the beam is not compared: tiles are shown to a network in all orientations.
///
/// @param pixel  of the map.
/// @param beam   of the map; none is a mismatch of its own.
/// @return       empty if the model fits.
/// @source ours (docs/design.md, "Files").
std::vector<Mismatch> check_model_fits(const Model& model,
                                       const image::PixelShape& pixel,
                                       const std::optional<image::Beam>& beam);

}  // namespace faintweb::learn
