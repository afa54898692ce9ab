#include <filesystem>
#include <fstream>
#include <sstream>

#include "apps/commands.h"
#include "apps/outputs.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/text.h"
#include "lib/image/fits_write.h"
#include "lib/image/right_ascension.h"
#include "lib/sky/lightcone/lightcone.h"
#include "lib/sky/observe/observe.h"
#include "lib/sky/observe/point_sources.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/mock_sky.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"

namespace faintweb::apps {
namespace {

/// Writes the slabs of a sky that are asked for alone.
void write_slabs(const campaign::Campaign& campaign,
                 pipeline::MockSkies& skies,
                 sky::SkySet set,
                 int number,
                 const pipeline::ObservedSky& made,
                 const image::FitsHeader& sky_header) {
    for (const int slab : campaign.simulate.slabs) {
        const auto write = [&](const char* kind,
                               const std::vector<sky::Layer>& layers,
                               const image::FitsHeader& header) {
            image::write_fits(
                pipeline::mock_path(
                    campaign, set, base::text("slab_", slab, "_", kind), number, ".fits"),
                skies.make_slab(made, slab, layers),
                header);
        };
        image::FitsHeader header = sky_header;
        header.history.push_back(base::text("slab ",
                                            slab,
                                            " alone, at redshift ",
                                            skies.slabs()[static_cast<std::size_t>(slab)].z));
        write("emission", sky::emission_layers(made.settings), header);
        header.bunit.clear();
        write("column_density", {sky::Layer::column_density}, header);
    }
}

/// Makes a sky and writes it with all that is kept of it, its haloes last.
void write_sky(const campaign::Campaign& campaign,
               pipeline::MockSkies& skies,
               sky::SkySet set,
               int number,
               int n_threads) {
    const pipeline::ObservedSky made = skies.make(
        set, number, campaign.simulate.layers ? sky::KeepLayers::yes : sky::KeepLayers::no);
    image::FitsHeader header;
    header.wcs_cards = made.wcs_cards;
    header.object = base::text(set == sky::SkySet::train ? "train" : "test", " ", number);
    header.bunit = image::unit_name(image::PixelUnit::jy_arcsec2);
    header.pixel_arcsec = made.settings.pixel_arcsec;
    header.centre = {made.settings.centre_ra_deg, made.settings.centre_dec_deg};
    header.frequency_hz = made.settings.frequency_hz;
    header.history = {
        base::text("faintweb mock sky, seed ", campaign.seed, ", realisation ", made.realisation)};
    image::write_fits(pipeline::sky_path(campaign, set, number), made.truth.sky, header);
    for (const auto& [layer, picture] : made.truth.layers) {
        image::FitsHeader of_layer = header;
        if (layer == sky::Layer::column_density) {
            of_layer.bunit.clear();
        }
        image::write_fits(
            pipeline::mock_path(campaign, set, sky::layer_name(layer), number, ".fits"),
            picture,
            of_layer);
    }
    write_slabs(campaign, skies, set, number, made, header);
    if (campaign.point_sources.enabled) {
        std::ostringstream list;
        list << point_source_columns;
        for (const sky::PointSource& point : made.point_sources) {
            list << point.x_px << ',' << point.y_px << ',' << point.flux_jy << '\n';
        }
        base::write_file(pipeline::mock_path(campaign, set, "point_sources", number, ".csv"),
                         list.str());
    }
    if (campaign.observation.noise_scatter > 0) {
        image::write_fits(pipeline::mock_path(campaign, set, "rms", number, ".fits"),
                          sky::noise_rms_map({0, 0, made.noise.cols, made.noise.rows},
                                             made.settings.pixel_arcsec,
                                             campaign.observation,
                                             campaign.seed,
                                             made.realisation,
                                             n_threads),
                          header);
    }
    header.beam = image::Beam{
        campaign.observation.beam_fwhm_arcsec, campaign.observation.beam_fwhm_arcsec, 0};
    header.history.push_back(base::text("beam ",
                                        campaign.observation.beam_fwhm_arcsec,
                                        " arcsec, noise ",
                                        campaign.observation.noise_jy_beam,
                                        " Jy/beam"));
    image::write_fits(pipeline::noise_path(campaign, set, number), made.noise, header);

    std::ostringstream haloes;
    constexpr int n_digits = 9;
    haloes.precision(n_digits);
    haloes << halo_columns;
    for (const sky::Halo& halo : made.truth.haloes) {
        haloes << halo.x_px << ',' << halo.y_px << ',' << image::ra_text(halo.ra_deg, n_digits)
               << ',' << halo.dec_deg << ',' << halo.z << ',' << halo.mass_msun << ','
               << halo.m200_msun << ',' << halo.r200_mpc << ',' << halo.r100_mpc << ','
               << halo.r100_arcsec << ',' << halo.slab << ',' << halo.id << '\n';
    }
    base::write_file(pipeline::halo_path(campaign, set, number), haloes.str());
}

bool is_finished(const campaign::Campaign& campaign, sky::SkySet set, int number) {
    for (const std::string& path : {pipeline::halo_path(campaign, set, number),
                                    pipeline::sky_path(campaign, set, number),
                                    pipeline::noise_path(campaign, set, number)}) {
        if (!std::filesystem::exists(path)) {
            return false;
        }
    }
    return true;
}

/// Notes what the skies of a folder are made from. A sky is finished once its haloes are written,
/// which is done last; those made from anything else are forgotten.
///
/// @throws base::UsageError  if they lie in a folder that other campaigns may share.
void keep_only_current_skies(const campaign::Campaign& campaign) {
    const std::string folder = campaign::skies_folder(campaign);
    const std::string path = folder + "/.made_from";
    const std::string hash = base::sha256(pipeline::mock_skies_state(campaign)) + "\n";
    std::ifstream file(path);
    std::ostringstream before;
    before << file.rdbuf();
    if (before.str() == hash) {
        return;
    }
    if (!campaign.simulate.folder.empty() && !before.str().empty()) {
        throw base::UsageError(base::text(
            campaign::position_of(campaign, "simulate.folder"),
            ": the skies in ",
            folder,
            " are made from other settings or by another version (another campaign may need "
            "them), name another simulate.folder or remove it"));
    }
    for (const char* set : {"/train", "/test"}) {
        for (const auto& entry : std::filesystem::directory_iterator(folder + set)) {
            if (entry.path().filename().string().starts_with("haloes_") &&
                begins_with(entry.path(), halo_columns)) {
                std::filesystem::remove(entry.path());
            }
        }
    }
    base::write_file(path, hash);
}

}  // namespace

base::ExitCode simulate(const comm::Communicator& communicator,
                        const campaign::Campaign& campaign) {
    const bool writes_train = !pipeline::is_in_memory(campaign, sky::SkySet::train);
    const int n_train = writes_train ? campaign.simulate.n_train : 0;
    const int n_all = n_train + campaign.simulate.n_test;
    const std::string folder = campaign::skies_folder(campaign);
    pipeline::prepare_folder(communicator, folder + "/train");
    pipeline::prepare_folder(communicator, folder + "/test");
    const auto set_of = [&](int i) { return i < n_train ? sky::SkySet::train : sky::SkySet::test; };
    const auto number_of = [&](int i) { return i < n_train ? i : i - n_train; };
    const bool is_all_there = comm::from_root(communicator, [&] {
        keep_only_current_skies(campaign);
        for (int i = 0; i < n_all; ++i) {
            if (!is_finished(campaign, set_of(i), number_of(i))) {
                return false;
            }
        }
        return true;
    });
    if (is_all_there) {
        if (communicator.is_root()) {
            base::log_info("simulate: all skies are in " + folder);
        }
        return base::ExitCode::done;
    }
    const int n_threads = pipeline::threads_of_rank(campaign, communicator);
    pipeline::MockSkies skies(communicator, campaign);
    // Every sky costs about the same: dealing them in turn is fair, and rank 0 sees the pace of
    // all.
    base::Progress progress(
        "simulate",
        "skies",
        (n_all - communicator.rank() + communicator.size() - 1) / communicator.size());
    for (int i = communicator.rank(); i < n_all; i += communicator.size()) {
        const sky::SkySet set = set_of(i);
        const int number = number_of(i);
        if (!is_finished(campaign, set, number)) {
            write_sky(campaign, skies, set, number, n_threads);
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
                                  folder,
                                  writes_train ? "" : ", training skies are made when needed"));
    }
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
