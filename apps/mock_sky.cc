#include "apps/mock_sky.h"

#include <cmath>

#include "apps/boxes.h"
#include "lib/sky/observe.h"

namespace faintweb::apps {

MockSkies::MockSkies(const mpi::Communicator& communicator, const campaign::Campaign& campaign)
    : campaign_(campaign),
      n_threads_(threads_of_rank(campaign, communicator)),
      slabs_(sky::plan_slabs(campaign.cosmology, campaign.sky, campaign.boxes)),
      boxes_(box_store(campaign, slabs_, n_threads_)),
      source_(boxes_.source()) {
    boxes_.prepare(communicator);
}

ObservedSky MockSkies::make(MockSet set, int number, sky::KeepLayers keep) {
    const bool is_test = set == MockSet::test;
    ObservedSky made;
    made.realisation =
        static_cast<std::uint64_t>(number) + (is_test ? campaign::first_test_realisation : 0);
    sky::SkySettings settings = campaign_.sky;
    // Neighbouring numbers lie side by side on the sky, not on top of each other.
    settings.centre_ra_deg = std::fmod(settings.centre_ra_deg + 20.0 * number, 360.0);
    made.centre = {settings.centre_ra_deg, settings.centre_dec_deg};
    const std::vector<sky::SlabView> views =
        sky::draw_views(campaign_.boxes,
                        slabs_,
                        campaign_.seed,
                        made.realisation,
                        is_test ? sky::SkySet::test : sky::SkySet::train);
    made.truth = sky::assemble_lightcone(
        campaign_.cosmology, settings, slabs_, views, source_, keep, n_threads_);

    image::Image with_points;
    if (campaign_.point_sources.enabled) {
        with_points = made.truth.sky;
        made.point_sources = sky::draw_point_sources(campaign_.point_sources,
                                                     with_points.rows,
                                                     with_points.cols,
                                                     settings.pixel_arcsec,
                                                     settings.frequency_hz,
                                                     campaign_.seed,
                                                     made.realisation);
        sky::add_point_sources(with_points, settings.pixel_arcsec, made.point_sources);
    }
    made.noise = sky::observe(campaign_.point_sources.enabled ? with_points : made.truth.sky,
                              settings.pixel_arcsec,
                              campaign_.observation,
                              campaign_.seed,
                              made.realisation,
                              n_threads_);
    return made;
}

}  // namespace faintweb::apps
