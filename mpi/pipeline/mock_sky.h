// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/image/image.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/sky/observe/point_sources.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/boxes.h"

namespace faintweb::pipeline {

/// A mock sky and what the telescope sees of it.
struct ObservedSky {
    std::uint64_t realisation = 0;                ///< which its random numbers are keyed by
    sky::SkySettings settings;                    ///< its own pixel scale, frequency and middle
    std::string wcs_cards;                        ///< of a ready map; none of a lightcone
    std::vector<sky::SlabView> views;             ///< of each slab of a lightcone
    sky::MockSky truth;                           ///< without point sources
    std::vector<sky::PointSource> point_sources;  ///< in the noise image, if there are any
    image::Image noise;                           ///< [rows, cols], Jy/arcsec2
};

/// Makes the mock skies of a campaign in memory, from boxes, snapshots or ready maps.
class MockSkies {
  public:
    /// Makes the boxes that are missing.
    ///
    /// @param campaign  must outlive this object.
    /// @throws Error  as stack_boxes and BoxStore::prepare.
    /// @collective yes: every rank.
    MockSkies(const comm::Communicator& communicator, const campaign::Campaign& campaign);

    /// The slabs of every lightcone; none where maps are ready.
    const std::vector<sky::Slab>& slabs() const { return stack_->slabs; }

    /// Makes one sky, from any one thread at a time. Its bits depend on neither rank nor threads,
    /// nor on `keep`.
    ///
    /// @param number  of the sky in its set.
    /// @param keep    whether `truth` has its layers.
    ObservedSky make(sky::SkySet set, int number, sky::KeepLayers keep);

    /// Makes layers of one slab of a sky that was made, as sky::assemble_slab does.
    image::Image make_slab(const ObservedSky& made, int slab, std::span<const sky::Layer> layers);

  private:
    const campaign::Campaign& campaign_;
    int n_threads_;
    std::unique_ptr<BoxStack> stack_;  ///< a store stays where it was made
    sky::BoxSource source_;
};

}  // namespace faintweb::pipeline
