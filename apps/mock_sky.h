#pragma once

#include <cstdint>
#include <vector>

#include "apps/workplace.h"
#include "lib/campaign/campaign.h"
#include "lib/image/image.h"
#include "lib/image/wcs.h"
#include "lib/sky/lightcone.h"
#include "lib/sky/point_sources.h"
#include "mpi/box_store.h"
#include "mpi/communicator.h"

namespace faintweb::apps {

/// A mock sky and what the telescope sees of it.
struct ObservedSky {
    std::uint64_t realisation = 0;                ///< which its random numbers are keyed by
    image::SkyPosition centre;                    ///< of the middle of the images
    sky::MockSky truth;                           ///< without point sources
    std::vector<sky::PointSource> point_sources;  ///< in the noise image, if there are any
    image::Image noise;                           ///< [size_px, size_px], Jy/arcsec2
};

/// Makes the mock skies of a campaign in memory, from its simulated boxes.
class MockSkies {
  public:
    /// Makes the boxes that are missing.
    ///
    /// @param campaign  must outlive it.
    /// @throws as sky::plan_slabs and mpi::BoxStore::prepare.
    /// @collective yes: every rank.
    MockSkies(const mpi::Communicator& communicator, const campaign::Campaign& campaign);

    /// One sky, from any one thread at a time. Bits depend on neither rank nor threads, nor on
    /// `keep`.
    ///
    /// @param number  of the sky in its set.
    /// @param keep    whether `truth` has its layers.
    ObservedSky make(MockSet set, int number, sky::KeepLayers keep);

  private:
    const campaign::Campaign& campaign_;
    int n_threads_;
    std::vector<sky::Slab> slabs_;
    mpi::BoxStore boxes_;
    sky::BoxSource source_;
};

}  // namespace faintweb::apps
