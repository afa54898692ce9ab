// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/score_models.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "lib/image/image.h"
#include "lib/infer/classifier.h"
#include "lib/learn/network.h"
#include "lib/tile/grid.h"
#include "mpi/pipeline/classify_field.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/mock_fields.h"

namespace faintweb::pipeline {
namespace {

void append(std::vector<std::int64_t>& counts, const score::FieldScore& score) {
    const score::Counts added = score::counts_of(score);
    counts.insert(counts.end(), added.begin(), added.end());
}

score::FieldScore score_at(std::vector<std::int64_t>::const_iterator counts) {
    return score::field_score_of(
        std::span<const std::int64_t, score::n_counts>(counts, score::n_counts));
}

/// Lets `count` find n numbers in each field of a set.
///
/// @param margin_px  what `count` wants to see around each field, pixel.
/// @param noise      whether it wants the local rms.
/// @return           [n_fields, n] on every rank.
/// @collective yes: every rank.
std::vector<std::int64_t> count_fields(
    const comm::Communicator& communicator,
    const campaign::Campaign& campaign,
    const std::string& stage,
    std::size_t n,
    std::int64_t margin_px,
    Noise noise,
    const std::function<std::vector<std::int64_t>(
        catalogue::FieldId field, const FieldPixels&, const tile::TileGrid&)>& count) {
    const FieldPlan plan =
        plan_mock_fields(communicator, campaign, sky::SkySet::test, margin_px, noise);
    std::vector<std::int64_t> counts(plan.fields.size() * n, 0);
    const auto count_one = [&](catalogue::FieldId field, const FieldPixels& pixels) {
        const tile::TileGrid grid = pixels.grid(campaign.tile_px);
        const std::vector<std::int64_t> found = count(field, pixels, grid);
        std::copy(found.begin(), found.end(),
                  counts.begin() + field.value() * static_cast<std::int64_t>(n));
    };
    work_on_mock_fields(communicator, campaign, sky::SkySet::test, stage, plan, count_one);
    communicator.sum(std::span(counts));
    return counts;
}

std::int64_t margin_of(const learn::Model& model) {
    return learn::network_info(model.network, model.tile_px).margin_px;
}

/// What the truth of a field says, made when it is first asked for.
class FieldTruth {
  public:
    FieldTruth(const FieldPixels& field, const tile::TileGrid& grid)
        : field_(field), grid_(grid), n_blank_(tile::count_blanks(field.core(), grid)) {}

    const std::vector<std::int32_t>& n_above(double flux_threshold_jy_arcsec2) {
        const auto [found, is_new] = n_above_.try_emplace(flux_threshold_jy_arcsec2);
        if (is_new) {
            found->second = label::count_above(*field_.sky, grid_, flux_threshold_jy_arcsec2);
        }
        return found->second;
    }

    const std::vector<std::uint8_t>& labels(const label::LabelRule& rule) {
        const auto [found, is_new] =
            labels_.try_emplace({rule.min_pixels, rule.flux_threshold_jy_arcsec2});
        if (is_new) {
            found->second = label::labels_of(n_above(rule.flux_threshold_jy_arcsec2), rule);
        }
        return found->second;
    }

    score::FieldScore score(const label::LabelRule& rule, std::span<const std::uint8_t> found) {
        return score::score_field(labels(rule), found, n_above(rule.flux_threshold_jy_arcsec2),
                                  n_blank_, grid_);
    }

  private:
    const FieldPixels& field_;
    const tile::TileGrid& grid_;
    std::vector<std::int32_t> n_blank_;
    std::map<double, std::vector<std::int32_t>> n_above_;
    std::map<std::pair<int, double>, std::vector<std::uint8_t>> labels_;  ///< by the rule's members
};

/// A tile that a model does not take for mere noise.
struct PromisedTile {
    double probability = 0;
    std::int64_t field = 0;
    std::int64_t label = 0;
};

/// @param mine  tiles of this rank's fields, those of a field in their order.
/// @return      the same for any number of ranks; empty but on the root.
/// @collective yes: every rank.
score::Reliability reliability_of(const comm::Communicator& communicator,
                                  const std::vector<PromisedTile>& mine) {
    std::vector<PromisedTile> all = comm::joined(communicator.gather(mine));
    std::ranges::stable_sort(all, {}, &PromisedTile::field);
    std::vector<double> probabilities;
    std::vector<std::uint8_t> labels;
    for (const PromisedTile& tile : all) {
        probabilities.push_back(tile.probability);
        labels.push_back(static_cast<std::uint8_t>(tile.label));
    }
    return score::measure_reliability(probabilities, labels);
}

/// Number of the best finder under each rule, and what it reached, on the training fields.
std::vector<TunedFinder> choose_finders(const comm::Communicator& communicator,
                                        const campaign::Campaign& campaign,
                                        std::span<const label::LabelRule> rules) {
    const std::vector<source::ThresholdFinder> finders =
        source::threshold_finder_grid(campaign.observation.beam_fwhm_arcsec);
    const FieldPlan plan = plan_mock_fields(communicator, campaign, sky::SkySet::train);
    // [rules, finders, 4]: sums over the fields, of which there may be thousands.
    std::vector<std::int64_t> sums(rules.size() * finders.size() * 4, 0);
    const auto try_all = [&](catalogue::FieldId, const FieldPixels& pixels) {
        const tile::TileGrid grid = pixels.grid(campaign.tile_px);
        std::vector<std::vector<std::uint8_t>> labels;
        for (const label::LabelRule& rule : rules) {
            labels.push_back(label::label_tiles(*pixels.sky, grid, rule));
        }
        auto sum = sums.begin();
        for (const auto& of_rule :
             source::try_finders(pixels.core(), labels, grid, campaign.sky.pixel_arcsec, finders)) {
            for (const score::Confusion& confusion : of_rule) {
                for (const std::int64_t n :
                     {confusion.n_1c, confusion.n_1f, confusion.n_0f, confusion.n_0c}) {
                    *sum++ += n;
                }
            }
        }
    };
    work_on_mock_fields(communicator, campaign, sky::SkySet::train, "threshold finder, tuning",
                        plan, try_all);
    communicator.sum(std::span(sums));

    std::vector<TunedFinder> tuned;
    auto sum = sums.begin();
    for (const label::LabelRule& rule : rules) {
        std::vector<score::Confusion> confusions;
        for (std::size_t f = 0; f < finders.size(); ++f, sum += 4) {
            confusions.push_back({sum[0], sum[1], sum[2], sum[3]});
        }
        TunedFinder& finder = tuned.emplace_back();
        finder.label = rule;
        if (confusions.front().n_signal() > 0) {
            const std::size_t best = source::best_finder(confusions);
            finder.finder = finders[best];
            finder.training = confusions[best];
        }
    }
    return tuned;
}

}  // namespace

ModelScores score_models(const comm::Communicator& communicator,
                         const campaign::Campaign& campaign,
                         std::span<const LoadedModel> models,
                         std::span<const label::LabelRule> rules,
                         Reliabilities reliabilities) {
    const std::size_t n = models.size() * score::n_counts + rules.size();
    std::int64_t margin_px = 0;
    Noise noise = Noise::ignored;
    for (const LoadedModel& loaded : models) {
        margin_px = std::max(margin_px, margin_of(loaded.model));
        noise = std::max(noise, noise_for(loaded.model.scaling));
    }
    const int n_threads = threads_of_rank(campaign, communicator);
    std::vector<std::vector<PromisedTile>> promised(models.size());
    const auto counts = count_fields(
        communicator, campaign, "evaluate", n, margin_px, noise,
        [&](catalogue::FieldId field, const FieldPixels& pixels, const tile::TileGrid& grid) {
            FieldTruth truth(pixels, grid);
            std::vector<std::int64_t> result;
            for (std::size_t m = 0; m < models.size(); ++m) {
                const learn::Model& model = models[m].model;
                const FieldClassification field_of_model =
                    classify_field(pixels, models[m], campaign.sky.pixel_arcsec, n_threads);
                const std::vector<std::uint8_t>& labels = truth.labels(model.label_rule);
                const std::size_t n_tiles = field_of_model.scores.size();
                std::vector<std::uint8_t> found(n_tiles);
                for (std::size_t t = 0; t < n_tiles; ++t) {
                    found[t] = static_cast<double>(field_of_model.scores[t]) > model.threshold;
                    const double probability = field_of_model.probabilities[t];
                    if (reliabilities == Reliabilities::measured &&
                        probability > score::lowest_probability &&
                        field_of_model.is_blank[t] == 0) {
                        promised[m].push_back({probability, field.value(), labels[t]});
                    }
                }
                append(result, truth.score(model.label_rule, found));
            }
            for (const label::LabelRule& rule : rules) {
                const std::vector<std::uint8_t>& signal = truth.labels(rule);
                result.push_back(std::count(signal.begin(), signal.end(), 1));
            }
            return result;
        });
    ModelScores scores{std::vector<std::vector<score::FieldScore>>(models.size()),
                       std::vector<std::int64_t>(rules.size(), 0),
                       {}};
    if (reliabilities == Reliabilities::measured) {
        for (const std::vector<PromisedTile>& of_model : promised) {
            scores.reliabilities.push_back(reliability_of(communicator, of_model));
        }
    }
    for (auto field = counts.begin(); field != counts.end();) {
        for (auto& of_model : scores.models) {
            of_model.push_back(score_at(field));
            field += score::n_counts;
        }
        for (std::int64_t& n_signal : scores.n_signal) {
            n_signal += *field++;
        }
    }
    return scores;
}

std::vector<TunedFinder> tune_finders(const comm::Communicator& communicator,
                                      const campaign::Campaign& campaign,
                                      std::span<const label::LabelRule> rules) {
    std::vector<TunedFinder> tuned = choose_finders(communicator, campaign, rules);
    const auto n_found = static_cast<std::size_t>(std::ranges::count_if(
        tuned, [](const TunedFinder& finder) { return finder.finder.has_value(); }));
    const auto counts = count_fields(
        communicator, campaign, "threshold finder, test", n_found * score::n_counts, 0,
        Noise::ignored,
        [&](catalogue::FieldId, const FieldPixels& pixels, const tile::TileGrid& grid) {
            FieldTruth truth(pixels, grid);
            const image::Image noise = pixels.core();
            std::vector<std::int64_t> result;
            for (const TunedFinder& finder : tuned) {
                if (finder.finder) {
                    append(result,
                           truth.score(finder.label,
                                       source::find_tiles(noise, grid, campaign.sky.pixel_arcsec,
                                                          *finder.finder)));
                }
            }
            return result;
        });
    for (auto field = counts.begin(); field != counts.end();) {
        for (TunedFinder& finder : tuned) {
            if (finder.finder) {
                finder.fields.push_back(score_at(field));
                field += score::n_counts;
            }
        }
    }
    return tuned;
}

std::string line_of(const std::string& what, const score::Confusion& confusion) {
    return fmt::format("{}: {} (1C {}, 1F {}, 0F {}, 0C {})", what,
                       score::text_of_ratios(confusion), confusion.n_1c, confusion.n_1f,
                       confusion.n_0f, confusion.n_0c);
}

std::string text_of(const source::ThresholdFinder& finder) {
    return fmt::format("smoothing {:g} arcsec, k {:g}, islands of {} px, tiles of {} px",
                       finder.smoothing_fwhm_arcsec, finder.k_sigma, finder.min_island_pixels,
                       finder.min_tile_pixels);
}

}  // namespace faintweb::pipeline
