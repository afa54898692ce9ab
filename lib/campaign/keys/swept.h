// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/campaign/value.h"
#include "lib/tile/scaling.h"

// What a key may be and each item of the sweep's list of its values may be, too.
namespace faintweb::campaign {

/// The words of train.scaling and sweep.scaling.
template <>
struct Names<tile::Scaling> {
    static std::vector<std::pair<std::string, tile::Scaling>> all() {
        std::vector<std::pair<std::string, tile::Scaling>> names;
        for (const tile::Scaling scaling : tile::all_scalings()) {
            names.emplace_back(tile::scaling_name(scaling), scaling);
        }
        return names;
    }
};

/// Of train.epochs, train.keep_epochs and sweep.epochs.
inline Allowed epoch_counts() {
    return within(1, 100'000);
}
/// Of train.batch_size and sweep.batch_size, tiles.
inline Allowed batch_sizes() {
    return within(1, 65536);
}
/// Of train.learning_rate and sweep.learning_rate.
inline Allowed learning_rates() {
    return above_up_to(0, 1);
}

}  // namespace faintweb::campaign
