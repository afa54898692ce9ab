// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/mock_fields.h"

#include <numeric>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "mpi/comm/share_fields.h"
#include "mpi/pipeline/mock_sky.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/sky_maps.h"
#include "mpi/pipeline/work_on_fields.h"

namespace faintweb::pipeline {
namespace {

/// How mock images are opened: nothing that the user says of real maps holds for them.
image::MapOptions mock_options(const campaign::Campaign& campaign) {
    image::MapOptions options;
    options.only_header = true;
    options.max_unpacked_bytes = campaign.image.max_unpacked_bytes;
    return options;
}

/// The maps of a set in memory: as their files would be, had they been written.
std::vector<PlannedMap> maps_in_memory(const campaign::Campaign& campaign, sky::SkySet set) {
    std::vector<PlannedMap> maps;
    for (const MapPaths& paths : mock_maps(campaign, set)) {
        const auto number = static_cast<int>(maps.size());
        PlannedMap& map = maps.emplace_back();
        map.info.path = paths.map;
        map.info.unit = image::PixelUnit::jy_arcsec2;
        map.info.cols = campaign.sky.size_px;
        map.info.rows = campaign.sky.size_px;
        map.info.pixel_arcsec = campaign.sky.pixel_arcsec;
        const double fwhm_arcsec = campaign.observation.beam_fwhm_arcsec;
        map.info.beam = image::Beam{fwhm_arcsec, fwhm_arcsec, 0};
        if (campaign.sky.source == sky::SkySource::fits) {
            const image::FitsMap ready = open_sky_map(campaign, set, number);
            map.info.cols = ready.info().cols;
            map.info.rows = ready.info().rows;
            map.info.pixel_arcsec = ready.info().pixel_arcsec;
        }
        map.truth_path = paths.truth;
    }
    return maps;
}

/// A plan with the noise of a map that was not there when it was made.
FieldPlan with_noise_of(FieldPlan plan, catalogue::MapId number, const image::Image& made) {
    if (plan.noise == Noise::measured) {
        PlannedMap& map = plan.maps[number.place()];
        map.noise = measure_noise(map.info, [&](const image::MapWindow& window) {
            return image::cut_out(made, image::in_image(window));
        });
    }
    return plan;
}

void work_in_memory(const comm::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    sky::SkySet set,
                    const std::string& stage,
                    const FieldPlan& plan,
                    const std::function<void(catalogue::FieldId, FieldPixels)>& work) {
    std::vector<std::vector<catalogue::FieldId>> fields_of(plan.maps.size());
    for (catalogue::FieldId field; field < plan.end(); ++field) {
        fields_of[plan.fields[field.place()].map.place()].push_back(field);
    }
    MockSkies skies(communicator, campaign);
    std::vector<std::int64_t> order(plan.maps.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    base::Progress progress(stage, "skies", static_cast<std::int64_t>(order.size()));
    // One sky at a time: a second in waiting would only make the last ones uneven.
    const std::vector<std::int64_t> worked = comm::share_fields(
        communicator, order,
        {.schedule = {.credits = 1},
         .is_rank0_dedicated = campaign.parallel.dedicated_rank0,
         .progress = [&](std::int64_t) { progress.advance(); }},
        {.read = [](std::int64_t) { return std::vector<float>(); },
         .work =
             [&](std::int64_t number, const std::vector<float>&) {
                 const catalogue::MapId map(number);
                 const ObservedSky made = skies.make(set, map.value(), sky::KeepLayers::no);
                 const FieldPlan measured = with_noise_of(plan, map, made.noise);
                 for (const catalogue::FieldId field : fields_of[map.place()]) {
                     work(field,
                          unpack_field(measured, field,
                                       pack_field(measured, field, made.noise, made.truth.sky)));
                 }
             },
         .fail = [](std::int64_t, const std::string&) {}});
    if (communicator.is_root()) {
        progress.finish();
    }
    std::size_t n_fields = 0;
    for (const std::int64_t number : worked) {
        n_fields += fields_of[catalogue::MapId(number).place()].size();
    }
    log_shares(communicator, stage, n_fields);
}

}  // namespace

FieldPlan plan_mock_fields(const comm::Communicator& communicator,
                           const campaign::Campaign& campaign,
                           sky::SkySet set,
                           std::int64_t margin_px,
                           Noise noise) {
    const CutSettings settings{.field_px = campaign.field_px,
                               .tile_px = campaign.tile_px,
                               .margin_px = margin_px,
                               .noise = noise};
    if (is_in_memory(campaign, set)) {
        std::vector<PlannedMap> maps;
        comm::collectively(communicator, [&] { maps = maps_in_memory(campaign, set); });
        return cut_into_fields(std::move(maps), settings);
    }
    FieldPlan plan =
        plan_fields(communicator, mock_maps(campaign, set), mock_options(campaign), settings);
    for (const PlannedMap& map : plan.maps) {
        if (!map.failure.empty()) {
            throw comm::CollectiveError(base::ExitCode::usage,
                                        map.failure + "; run the simulate stage first");
        }
    }
    return plan;
}

void work_on_mock_fields(const comm::Communicator& communicator,
                         const campaign::Campaign& campaign,
                         sky::SkySet set,
                         const std::string& stage,
                         const FieldPlan& plan,
                         const std::function<void(catalogue::FieldId, FieldPixels)>& work) {
    if (is_in_memory(campaign, set)) {
        work_in_memory(communicator, campaign, set, stage, plan, work);
        return;
    }
    const auto fail = [&](catalogue::FieldId, const std::string& reason) {
        throw base::UsageError(fmt::format("cannot {}: {}", stage, reason));
    };
    work_on_fields(communicator, campaign, stage, plan, mock_options(campaign),
                   {.work = work, .fail = fail});
}

}  // namespace faintweb::pipeline
