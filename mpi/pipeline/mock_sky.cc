// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/mock_sky.h"

#include <cstddef>

#include "lib/base/log.h"
#include "lib/image/right_ascension.h"
#include "lib/image/wcs.h"
#include "lib/sky/observe/observe.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/sky_maps.h"

namespace faintweb::pipeline {

MockSkies::MockSkies(const comm::Communicator& communicator, const campaign::Campaign& campaign)
    : campaign_(campaign), n_threads_(threads_of_rank(campaign, communicator)) {
    comm::collectively(communicator,
                       [&] { stack_.reset(new BoxStack(stack_boxes(campaign, n_threads_))); });
    if (communicator.is_root()) {
        for (const std::string& file : stack_->unused_files) {
            base::log_warning(file +
                              " is not shown: other snapshots are nearer in redshift to each slab");
        }
    }
    if (stack_->store.n_states() > 0) {
        stack_->store.prepare(communicator);
    }
    source_ = stack_->store.source();
}

ObservedSky MockSkies::make(sky::SkySet set, int number, sky::KeepLayers keep) {
    ObservedSky made;
    made.realisation = static_cast<std::uint64_t>(number) +
                       (set == sky::SkySet::test ? campaign::first_test_realisation : 0);
    made.settings = campaign_.sky;
    // Neighbouring numbers lie side by side on the sky, not on top of each other.
    made.settings.centre_ra_deg = image::wrapped_deg(campaign_.sky.centre_ra_deg + 20.0 * number);
    if (campaign_.sky.source == sky::SkySource::fits) {
        const image::FitsMap map = open_sky_map(campaign_, set, number);
        made.truth.sky = read_sky(campaign_, set, number, map);
        made.settings.pixel_arcsec = map.info().pixel_arcsec;
        if (map.info().frequency_hz > 0) {
            made.settings.frequency_hz = map.info().frequency_hz;
        }
        made.wcs_cards = image::Wcs(map.info().header_cards).cards_of_blocks(0, 0, 1);
    } else {
        made.views =
            sky::draw_views(stack_->boxes, stack_->slabs, campaign_.seed, made.realisation, set);
        made.truth = sky::assemble_lightcone(campaign_.cosmology, made.settings, stack_->slabs,
                                             made.views, source_, keep, n_threads_);
    }

    image::Image with_points;
    if (campaign_.point_sources.enabled) {
        with_points = made.truth.sky;
        made.point_sources = sky::draw_point_sources(
            campaign_.point_sources, with_points.rows, with_points.cols, made.settings.pixel_arcsec,
            made.settings.frequency_hz, campaign_.seed, made.realisation);
        sky::add_point_sources(with_points, made.settings.pixel_arcsec, made.point_sources);
    }
    made.noise = sky::observe(campaign_.point_sources.enabled ? with_points : made.truth.sky,
                              made.settings.pixel_arcsec, campaign_.observation, campaign_.seed,
                              made.realisation, n_threads_);
    return made;
}

image::Image MockSkies::make_slab(const ObservedSky& made,
                                  int slab,
                                  std::span<const sky::Layer> layers) {
    const auto s = static_cast<std::size_t>(slab);
    return sky::assemble_slab(made.settings, stack_->slabs.at(s), made.views.at(s), source_, layers,
                              n_threads_);
}

}  // namespace faintweb::pipeline
