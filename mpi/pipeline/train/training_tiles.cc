// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/train/training_tiles.h"

#include <iterator>
#include <ranges>
#include <span>
#include <sstream>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/drain.h"
#include "lib/base/hash.h"
#include "lib/label/cells.h"
#include "lib/label/rule.h"
#include "lib/tile/grid.h"
#include "lib/tile/pixel_scaling.h"
#include "lib/tile/scaling.h"
#include "mpi/pipeline/mock_fields.h"

namespace faintweb::pipeline {
namespace {

/// Settings that the numbers of all samples follow from.
std::string how_tiles_are_cut(const campaign::Campaign& campaign) {
    const learn::NetworkInfo info = network_of(campaign);
    std::string text = fmt::format(
        "{}margin {}",
        campaign::settings_text(campaign,
                                {"tile_px", "field_px", "train.scaling", "train.validation_skies"}),
        info.margin_px);
    if (info.n_cells > 0) {
        for (const double threshold : thresholds_of(campaign::label_rules(campaign))) {
            text += fmt::format(" cells above {:g}", threshold);
        }
    }
    return text;
}

/// One hash of the lines of all ranks, whoever has which.
std::string hash_of_lines(const comm::Communicator& communicator, const std::string& mine) {
    std::vector<std::string> lines;
    for (const std::string& part : communicator.all_gather(mine)) {
        std::istringstream stream(part);
        for (std::string line; std::getline(stream, line);) {
            lines.push_back(line);
        }
    }
    std::ranges::sort(lines);
    std::string all;
    for (const std::string& line : lines) {
        all += line + "\n";
    }
    return base::sha256(all);
}

void gather_tiles(const comm::Communicator& communicator,
                  const campaign::Campaign& campaign,
                  TrainingTiles& set) {
    set.cut_as.clear();  // a gathering that does not come to its end leaves no tiles to use
    const learn::NetworkInfo info = network_of(campaign);
    const std::vector<double> cell_thresholds = thresholds_of(campaign::label_rules(campaign));
    const FieldPlan plan = plan_mock_fields(communicator, campaign, sky::SkySet::train,
                                            info.margin_px, noise_for(campaign.train.scaling));
    for (LabelledTiles* tiles : {&set.train, &set.validation}) {
        tiles->shard = {{},
                        {},
                        learn::SampleStore(static_cast<std::size_t>(info.n_sample_values),
                                           TileMemory(campaign).shard_bytes, campaign.output)};
        tiles->n_above.assign(set.flux_thresholds.size(), {});
    }
    const catalogue::MapId first_validation_sky(campaign.simulate.n_train -
                                                campaign.train.validation_skies);
    const auto tile_size = static_cast<std::size_t>(info.n_tile_values());
    const auto cells_size = static_cast<std::size_t>(info.n_cells * info.n_cells);
    std::string hashes;
    FAINTWEB_EXPECTS(info.n_channels == 1);  // the map alone
    const auto keep_tiles = [&](catalogue::FieldId field, const FieldPixels& pixels) {
        if (base::is_asked_to_stop()) {
            return;  // all ranks end together, below
        }
        const tile::TileGrid grid = pixels.grid(campaign.tile_px);
        const image::Image scaled = tile::scale_field(
            pixels.wide, campaign.train.scaling, pixels.statistics(pixels.wide, info.margin_px));
        const std::vector<float> images =
            tile::cut_tiles(scaled, grid, tile::blank_input, info.margin_px);
        std::vector<std::vector<float>> cells;
        for (const double threshold : cell_thresholds) {
            if (info.n_cells > 0) {
                cells.push_back(label::parts_above(*pixels.sky, grid, threshold, learn::cell_px));
            }
        }
        std::vector<std::vector<std::int32_t>> n_above;
        for (const double threshold : set.flux_thresholds) {
            n_above.push_back(label::count_above(*pixels.sky, grid, threshold));
        }
        const std::vector<std::int32_t> n_blank = tile::count_blanks(pixels.core(), grid);
        const bool is_for_validation = plan.fields[field.place()].map >= first_validation_sky;
        LabelledTiles& tiles = is_for_validation ? set.validation : set.train;
        std::vector<float> sample(static_cast<std::size_t>(info.n_sample_values));
        for (tile::TileId t; t < grid.end(); ++t) {
            const std::size_t i = t.place();
            if (tile::is_blank_tile(n_blank[i], grid.tile_px)) {
                continue;
            }
            tiles.shard.ids.push_back(comm::make_sample_id(field, t));
            for (std::size_t k = 0; k < n_above.size(); ++k) {
                tiles.n_above[k].push_back(n_above[k][i]);
            }
            auto end = std::ranges::copy(std::span(images).subspan(i * tile_size, tile_size),
                                         sample.begin())
                           .out;
            for (const std::vector<float>& above : cells) {
                end = std::ranges::copy(std::span(above).subspan(i * cells_size, cells_size), end)
                          .out;
            }
            tiles.shard.samples.add(sample);
        }
        const std::string sky_hash =
            base::xxh3_128(std::as_bytes(std::span<const float>(pixels.sky->pixels)));
        hashes += fmt::format("{} {} {}\n", field.value(), pixels.hash, sky_hash);
    };
    work_on_mock_fields(communicator, campaign, sky::SkySet::train, "train", plan, keep_tiles);
    if (communicator.max(base::is_asked_to_stop() ? 1 : 0) == 1) {
        throw comm::CollectiveError(
            base::ExitCode::interrupted,
            "train: stopped before the first step (it was asked to), the same "
            "command begins again");
    }
    set.sha256 = hash_of_lines(communicator, hashes);
    set.cut_as = how_tiles_are_cut(campaign);
}

}  // namespace

std::vector<double> thresholds_of(std::span<const label::LabelRule> rules) {
    std::vector<double> thresholds;
    for (const label::LabelRule& rule : rules) {
        if (std::ranges::find(thresholds, rule.flux_threshold_jy_arcsec2) == thresholds.end()) {
            thresholds.push_back(rule.flux_threshold_jy_arcsec2);
        }
    }
    return thresholds;
}

learn::NetworkInfo network_of(const campaign::Campaign& campaign) {
    const std::vector<label::LabelRule> rules = campaign::label_rules(campaign);
    return learn::network_info(campaign.train.network, campaign.tile_px,
                               {std::ssize(rules), std::ssize(thresholds_of(rules))});
}

void prepare_tiles(const comm::Communicator& communicator,
                   const campaign::Campaign& campaign,
                   TrainingTiles& tiles) {
    const std::vector<label::LabelRule> rules = campaign::label_rules(campaign);
    const auto place_of = [&](double threshold) {
        return std::ranges::find(tiles.flux_thresholds, threshold);
    };
    for (const double threshold : thresholds_of(rules)) {
        if (place_of(threshold) == tiles.flux_thresholds.end()) {
            tiles.flux_thresholds.push_back(threshold);
            tiles.cut_as.clear();
        }
    }
    if (tiles.cut_as != how_tiles_are_cut(campaign)) {
        gather_tiles(communicator, campaign, tiles);
    }
    for (LabelledTiles* part : {&tiles.train, &tiles.validation}) {
        std::vector<std::uint8_t>& labels = part->shard.labels;
        labels.assign(part->shard.ids.size(), 0);
        for (std::size_t r = 0; r < rules.size(); ++r) {
            const auto k = static_cast<std::size_t>(place_of(rules[r].flux_threshold_jy_arcsec2) -
                                                    tiles.flux_thresholds.begin());
            const std::vector<std::uint8_t> of_rule = label::labels_of(part->n_above[k], rules[r]);
            for (std::size_t i = 0; i < labels.size(); ++i) {
                labels[i] = static_cast<std::uint8_t>(labels[i] | of_rule[i] << r);
            }
        }
    }
}

}  // namespace faintweb::pipeline
