#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "apps/boxes.h"
#include "apps/commands.h"
#include "apps/sky_maps.h"
#include "apps/workplace.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/text.h"
#include "lib/image/fits_write.h"
#include "lib/image/wcs.h"
#include "lib/sky/lightcone.h"
#include "lib/sky/observe.h"
#include "lib/sky/point_sources.h"

namespace faintweb::apps {
namespace {

/// The lightcone that the skies of a campaign show.
struct Universe {
    const BoxStack& stack;
    sky::BoxSource boxes;
};

/// Writes the slabs of a sky that are asked for alone.
void write_slabs(const campaign::Campaign& campaign,
                 const sky::SkySettings& settings,
                 const Universe& universe,
                 const std::vector<sky::SlabView>& views,
                 MockSet set,
                 int number,
                 const image::FitsHeader& sky_header,
                 int n_threads) {
    for (const int slab : campaign.simulate.slabs) {
        const auto s = static_cast<std::size_t>(slab);
        const auto write = [&](const char* kind,
                               const std::vector<sky::Layer>& layers,
                               const image::FitsHeader& header) {
            image::write_fits(
                mock_path(campaign, set, base::text("slab_", slab, "_", kind), number, ".fits"),
                sky::assemble_slab(
                    settings, universe.stack.slabs[s], views[s], universe.boxes, layers, n_threads),
                header);
        };
        image::FitsHeader header = sky_header;
        header.history.push_back(
            base::text("slab ", slab, " alone, at redshift ", universe.stack.slabs[s].z));
        write("emission", sky::emission_layers(settings), header);
        header.bunit.clear();
        write("column_density", {sky::Layer::column_density}, header);
    }
}

void simulate_one(const campaign::Campaign& campaign,
                  const Universe& universe,
                  MockSet set,
                  int number,
                  int n_threads) {
    const std::uint64_t realisation = static_cast<std::uint64_t>(number) +
                                      (set == MockSet::test ? campaign::first_test_realisation : 0);
    sky::SkySettings settings = campaign.sky;
    // Neighbouring numbers lie side by side on the sky, not on top of each other.
    settings.centre_ra_deg = std::fmod(settings.centre_ra_deg + 20.0 * number, 360.0);
    std::vector<sky::SlabView> views;
    sky::MockSky mock;
    image::FitsHeader header;
    if (campaign.sky.source == sky::SkySource::fits) {
        const image::FitsMap map = open_sky_map(campaign, set, number);
        mock.sky = read_sky(map);
        settings.pixel_arcsec = map.info().pixel_arcsec;
        if (map.info().frequency_hz > 0) {
            settings.frequency_hz = map.info().frequency_hz;
        }
        header.wcs_cards = image::Wcs(map.info().header_cards).cards_of_blocks(0, 0, 1);
    } else {
        views = sky::draw_views(
            universe.stack.boxes, universe.stack.slabs, campaign.seed, realisation, set);
        mock = sky::assemble_lightcone(
            campaign.cosmology,
            settings,
            universe.stack.slabs,
            views,
            universe.boxes,
            campaign.simulate.layers ? sky::KeepLayers::yes : sky::KeepLayers::no,
            n_threads);
    }
    header.object = base::text(set == MockSet::train ? "train" : "test", " ", number);
    header.bunit = image::unit_name(image::PixelUnit::jy_arcsec2);
    header.pixel_arcsec = settings.pixel_arcsec;
    header.centre = {settings.centre_ra_deg, settings.centre_dec_deg};
    header.frequency_hz = settings.frequency_hz;
    header.history = {
        base::text("faintweb mock sky, seed ", campaign.seed, ", realisation ", realisation)};
    image::write_fits(sky_path(campaign, set, number), mock.sky, header);
    for (const auto& [layer, picture] : mock.layers) {
        image::FitsHeader of_layer = header;
        if (layer == sky::Layer::column_density) {
            of_layer.bunit.clear();
        }
        image::write_fits(
            mock_path(campaign, set, sky::layer_name(layer), number, ".fits"), picture, of_layer);
    }
    write_slabs(campaign, settings, universe, views, set, number, header, n_threads);

    image::Image radio = mock.sky;
    if (campaign.point_sources.enabled) {
        const std::vector<sky::PointSource> points = sky::draw_point_sources(campaign.point_sources,
                                                                             radio.rows,
                                                                             radio.cols,
                                                                             settings.pixel_arcsec,
                                                                             settings.frequency_hz,
                                                                             campaign.seed,
                                                                             realisation);
        sky::add_point_sources(radio, settings.pixel_arcsec, points);
        std::ostringstream list;
        list << "x_px,y_px,flux_jy\n";
        for (const sky::PointSource& point : points) {
            list << point.x_px << ',' << point.y_px << ',' << point.flux_jy << '\n';
        }
        base::write_file(mock_path(campaign, set, "point_sources", number, ".csv"), list.str());
    }
    if (campaign.observation.noise_scatter > 0) {
        image::write_fits(mock_path(campaign, set, "rms", number, ".fits"),
                          sky::noise_rms_map({0, 0, radio.cols, radio.rows},
                                             settings.pixel_arcsec,
                                             campaign.observation,
                                             campaign.seed,
                                             realisation,
                                             n_threads),
                          header);
    }
    const image::Image noise = sky::observe(
        radio, settings.pixel_arcsec, campaign.observation, campaign.seed, realisation, n_threads);
    header.beam = image::Beam{
        campaign.observation.beam_fwhm_arcsec, campaign.observation.beam_fwhm_arcsec, 0};
    header.history.push_back(base::text("beam ",
                                        campaign.observation.beam_fwhm_arcsec,
                                        " arcsec, noise ",
                                        campaign.observation.noise_jy_beam,
                                        " Jy/beam"));
    image::write_fits(noise_path(campaign, set, number), noise, header);

    std::ostringstream haloes;
    haloes.precision(9);
    haloes << "x_px,y_px,ra_deg,dec_deg,z,m200m_msun,m200_msun,r200_mpc,r100_mpc,r100_arcsec,"
              "slab,id\n";
    for (const sky::Halo& halo : mock.haloes) {
        haloes << halo.x_px << ',' << halo.y_px << ',' << halo.ra_deg << ',' << halo.dec_deg << ','
               << halo.z << ',' << halo.mass_msun << ',' << halo.m200_msun << ',' << halo.r200_mpc
               << ',' << halo.r100_mpc << ',' << halo.r100_arcsec << ',' << halo.slab << ','
               << halo.id << '\n';
    }
    base::write_file(halo_path(campaign, set, number), haloes.str());
}

bool is_finished(const campaign::Campaign& campaign, MockSet set, int number) {
    for (const std::string& path : {halo_path(campaign, set, number),
                                    sky_path(campaign, set, number),
                                    noise_path(campaign, set, number)}) {
        if (!std::filesystem::exists(path)) {
            return false;
        }
    }
    return true;
}

/// Notes what the skies of a folder are made from. A sky is finished once its haloes are written,
/// which is done last; those made from anything else are forgotten.
void keep_only_current_skies(const campaign::Campaign& campaign) {
    const std::string path = campaign.output + "/skies/.made_from";
    const std::string hash = base::sha256(mock_skies_state(campaign)) + "\n";
    std::ifstream file(path);
    std::ostringstream before;
    before << file.rdbuf();
    if (before.str() == hash) {
        return;
    }
    for (const char* set : {"/skies/train", "/skies/test"}) {
        for (const auto& entry : std::filesystem::directory_iterator(campaign.output + set)) {
            if (entry.path().filename().string().starts_with("haloes_")) {
                std::filesystem::remove(entry.path());
            }
        }
    }
    base::write_file(path, hash);
}

}  // namespace

base::ExitCode simulate(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    const int n_train = campaign.simulate.n_train;
    const int n_all = n_train + campaign.simulate.n_test;
    if (communicator.is_root()) {
        base::make_folder(campaign.output + "/skies/train");
        base::make_folder(campaign.output + "/skies/test");
        keep_only_current_skies(campaign);
    }
    communicator.barrier();
    const int n_threads = threads_of_rank(campaign, communicator);
    std::unique_ptr<BoxStack> stack;  // a store stays where it was made
    mpi::together(communicator,
                  [&] { stack.reset(new BoxStack(stack_boxes(campaign, n_threads))); });
    if (communicator.is_root()) {
        for (const std::string& file : stack->unused_files) {
            base::log_warning(file +
                              " is not shown: other snapshots are nearer in redshift to "
                              "each slab");
        }
    }
    if (stack->store.n_states() > 0) {
        stack->store.prepare(communicator);
    }
    const Universe universe{*stack, stack->store.source()};
    // Every sky costs about the same: dealing them in turn is fair, and rank 0 sees the pace of
    // all.
    base::Progress progress(
        "simulate",
        "skies",
        (n_all - communicator.rank() + communicator.size() - 1) / communicator.size());
    for (int i = communicator.rank(); i < n_all; i += communicator.size()) {
        const MockSet set = i < n_train ? MockSet::train : MockSet::test;
        const int number = i < n_train ? i : i - n_train;
        if (!is_finished(campaign, set, number)) {
            simulate_one(campaign, universe, set, number, n_threads);
        }
        if (communicator.is_root()) {
            progress.advance();
        }
    }
    communicator.barrier();
    if (communicator.is_root()) {
        progress.finish();
        base::log_info(base::text("simulate: ",
                                  n_train,
                                  " training and ",
                                  campaign.simulate.n_test,
                                  " test skies in ",
                                  campaign.output,
                                  "/skies"));
    }
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
