// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/schedule.h"

#include <cmath>
#include <numbers>

#include "lib/base/contract.h"

namespace faintweb::learn {

double learning_rate_of(const TrainSettings& settings,
                        std::int64_t step,
                        std::int64_t steps_per_epoch) {
    FAINTWEB_EXPECTS(step >= 0 && steps_per_epoch >= 1);
    const double scale = settings.reference_batch == 0
                             ? 1
                             : static_cast<double>(settings.batch_size) / settings.reference_batch;
    const double full = settings.learning_rate * scale;
    const double n_warm = settings.warmup_epochs * static_cast<double>(steps_per_epoch);
    // Steps count from 1, so that the first one of a rise from 0 does something.
    const auto number = static_cast<double>(step + 1);
    if (number < n_warm) {
        const double start = scale > 1 ? settings.learning_rate : 0;
        return start + (full - start) * number / n_warm;
    }
    const double n_after =
        static_cast<double>(settings.epochs) * static_cast<double>(steps_per_epoch) - n_warm;
    if (n_after <= 0) {
        return full;
    }
    const double part = (number - n_warm) / n_after;
    const double fall = 0.5 * (1 - std::cos(std::numbers::pi * part));
    return full * (1 - (1 - settings.final_rate) * fall);
}

}  // namespace faintweb::learn
