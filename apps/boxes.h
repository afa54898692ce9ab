#pragma once

#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/sky/lightcone.h"
#include "mpi/box_store.h"

namespace faintweb::apps {

/// The simulated boxes that a campaign's skies are stacked from.
///
/// @param slabs      of the lightcone.
/// @param n_threads  that make a box.
mpi::BoxStore box_store(const campaign::Campaign& campaign,
                        const std::vector<sky::Slab>& slabs,
                        int n_threads);

}  // namespace faintweb::apps
