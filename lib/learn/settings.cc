// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/settings.h"

namespace faintweb::learn {

std::int64_t grain_of(const TrainSettings& settings, int n_parts) {
    const std::int64_t at_once = std::int64_t{settings.micro_batch} * n_parts;
    return at_once > 0 && settings.batch_size % at_once == 0 ? settings.micro_batch : 1;
}

}  // namespace faintweb::learn
