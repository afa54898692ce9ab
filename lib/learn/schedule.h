// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>

#include "lib/learn/settings.h"

namespace faintweb::learn {

/// The learning rate of a step: a pure function of the settings.
///
/// With a reference batch the rate is scaled by batch_size / reference_batch. Over the warm-up it
/// rises linearly to that, from the unscaled rate if it is scaled up, else from 0. After that it
/// falls to final_rate of it along half a cosine, which the last step reaches.
///
/// @param step             >= 0, counted over all epochs.
/// @param steps_per_epoch  >= 1.
/// @source Goyal et al. 2017 (arXiv:1706.02677), sections 2.1 and 2.2; Loshchilov & Hutter 2017
///         (ICLR), equation 5, for the cosine.
double learning_rate_of(const TrainSettings& settings,
                        std::int64_t step,
                        std::int64_t steps_per_epoch);

}  // namespace faintweb::learn
