#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/campaign/value.h"
#include "lib/tile/scaling.h"

// What a key may be and each item of the sweep's list of its values may be, too.
namespace faintweb::campaign {

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

inline Allowed epoch_counts() {
    return within(1, 100'000);
}
inline Allowed batch_sizes() {
    return within(1, 65536);
}
inline Allowed learning_rates() {
    return above_up_to(0, 1);
}

}  // namespace faintweb::campaign
