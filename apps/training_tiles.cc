#include "apps/training_tiles.h"

#include <ranges>
#include <span>
#include <sstream>

#include "apps/mock_fields.h"
#include "lib/base/drain.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/label/cells.h"
#include "lib/label/rule.h"
#include "lib/learn/network.h"
#include "lib/tile/grid.h"
#include "lib/tile/scaling.h"

namespace faintweb::apps {
namespace {

/// Settings that the numbers of all samples follow from.
std::string how_tiles_are_cut(const campaign::Campaign& campaign) {
    const learn::NetworkInfo info = learn::network_info(campaign.train.network, campaign.tile_px);
    std::string text = base::text(
        campaign::settings_text(campaign,
                                {"tile_px", "field_px", "train.scaling", "train.validation_skies"}),
        "margin ",
        info.margin_px);
    if (info.n_cells > 0) {
        text += base::text(" cells above ", campaign.label.flux_threshold_jy_arcsec2);
    }
    return text;
}

/// One hash of the lines of all ranks, whoever has which.
std::string hash_of_lines(const mpi::Communicator& communicator, const std::string& mine) {
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

void gather_tiles(const mpi::Communicator& communicator,
                  const campaign::Campaign& campaign,
                  TrainingTiles& set) {
    // A gathering that does not come to its end leaves no tiles to use.
    set.cut_as.clear();
    const learn::NetworkInfo info = learn::network_info(campaign.train.network, campaign.tile_px);
    const mpi::FieldPlan plan =
        plan_mock_fields(communicator, campaign, MockSet::train, info.margin_px);
    for (LabelledTiles* tiles : {&set.train, &set.validation}) {
        tiles->shard = {{},
                        {},
                        learn::SampleStore(static_cast<std::size_t>(info.n_sample_values),
                                           TileMemory(campaign).shard_bytes,
                                           campaign.output)};
        tiles->n_above.assign(set.flux_thresholds.size(), {});
    }
    const int first_validation_sky = campaign.simulate.n_train - campaign.train.validation_skies;
    const auto tile_size = static_cast<std::size_t>(info.n_tile_values());
    const auto cells_size = static_cast<std::size_t>(info.n_cells * info.n_cells);
    std::string hashes;
    const auto keep_tiles = [&](std::int64_t field, const mpi::FieldPixels& pixels) {
        if (base::is_asked_to_stop()) {
            return;  // all ranks end together, below
        }
        const tile::TileGrid grid{pixels.noise.rows, pixels.noise.cols, campaign.tile_px};
        const tile::ScaledField scaled =
            tile::scale_field(pixels.wide_noise, campaign.train.scaling, info.margin_px);
        const std::vector<float> images =
            tile::cut_tiles(scaled.pixels, grid, scaled.blank_value, info.margin_px);
        std::vector<float> cells;
        if (info.n_cells > 0) {
            cells = label::parts_above(
                *pixels.sky, grid, campaign.label.flux_threshold_jy_arcsec2, learn::cell_px);
        }
        std::vector<std::vector<std::int32_t>> n_above;
        for (const double threshold : set.flux_thresholds) {
            n_above.push_back(label::count_above(*pixels.sky, grid, threshold));
        }
        const std::vector<std::int32_t> n_blank = tile::count_blanks(pixels.noise, grid);
        const bool is_for_validation =
            plan.fields[static_cast<std::size_t>(field)].map >= first_validation_sky;
        LabelledTiles& tiles = is_for_validation ? set.validation : set.train;
        std::vector<float> sample(tile_size + cells_size);
        for (std::int64_t t = 0; t < grid.count(); ++t) {
            const auto i = static_cast<std::size_t>(t);
            if (tile::is_blank_tile(n_blank[i], grid.tile_px)) {
                continue;
            }
            tiles.shard.ids.push_back(mpi::make_tile_id(field, t));
            for (std::size_t k = 0; k < n_above.size(); ++k) {
                tiles.n_above[k].push_back(n_above[k][i]);
            }
            const auto cells_begin = std::ranges::copy(
                std::span(images).subspan(i * tile_size, tile_size), sample.begin());
            std::ranges::copy(std::span(cells).subspan(i * cells_size, cells_size),
                              cells_begin.out);
            tiles.shard.samples.add(sample);
        }
        hashes += base::text(field, " ", pixels.sha256, "\n");
    };
    work_on_mock_fields(communicator, campaign, MockSet::train, "train", plan, keep_tiles);
    if (communicator.max(base::is_asked_to_stop() ? 1 : 0) == 1) {
        throw mpi::AgreedError(base::ExitCode::interrupted,
                               "train: stopped before the first step (it was asked to), the same "
                               "command begins again");
    }
    set.sha256 = hash_of_lines(communicator, hashes);
    set.cut_as = how_tiles_are_cut(campaign);
}

}  // namespace

void prepare_tiles(const mpi::Communicator& communicator,
                   const campaign::Campaign& campaign,
                   TrainingTiles& tiles) {
    const double threshold = campaign.label.flux_threshold_jy_arcsec2;
    auto place = std::ranges::find(tiles.flux_thresholds, threshold);
    if (place == tiles.flux_thresholds.end()) {
        place = tiles.flux_thresholds.insert(place, threshold);
        tiles.cut_as.clear();
    }
    if (tiles.cut_as != how_tiles_are_cut(campaign)) {
        gather_tiles(communicator, campaign, tiles);
    }
    const auto k = static_cast<std::size_t>(place - tiles.flux_thresholds.begin());
    for (LabelledTiles* part : {&tiles.train, &tiles.validation}) {
        part->shard.labels = label::labels_of(part->n_above[k], campaign.label);
    }
}

}  // namespace faintweb::apps
