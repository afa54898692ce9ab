#include <optional>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/mock_fields.h"
#include "apps/workplace.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/label/rule.h"
#include "lib/learn/classifier.h"
#include "lib/learn/metrics.h"
#include "lib/learn/model.h"
#include "lib/source/threshold_finder.h"
#include "lib/tile/grid.h"
#include "lib/tile/scaling.h"

namespace faintweb::apps {
namespace {

/// Hands every field of a mock set to a rank and adds up what `count` finds in it, over all fields.
///
/// @param n_counts   numbers per field.
/// @param margin_px  what `count` wants to see around each field, pixel.
/// @return           [n_fields, n_counts] on every rank.
/// @collective yes: every rank.
std::vector<std::int64_t> count_fields(
    const mpi::Communicator& communicator,
    const campaign::Campaign& campaign,
    MockSet set,
    const std::string& stage,
    std::size_t n_counts,
    const std::function<std::vector<std::int64_t>(const mpi::FieldPixels&, const tile::TileGrid&)>&
        count,
    std::int64_t margin_px = 0) {
    const mpi::FieldPlan plan = plan_mock_fields(communicator, campaign, set, margin_px);
    std::vector<std::int64_t> counts(plan.fields.size() * n_counts, 0);
    const auto count_one = [&](std::int64_t field, const mpi::FieldPixels& pixels) {
        const tile::TileGrid grid{pixels.noise.rows, pixels.noise.cols, campaign.tile_px};
        const std::vector<std::int64_t> found = count(pixels, grid);
        std::copy(found.begin(),
                  found.end(),
                  counts.begin() + field * static_cast<std::int64_t>(n_counts));
    };
    work_on_mock_fields(communicator, campaign, set, stage, plan, count_one);
    communicator.sum(std::span(counts));
    return counts;
}

std::vector<std::int64_t> flatten(const std::vector<learn::Confusion>& confusions) {
    std::vector<std::int64_t> counts;
    for (const learn::Confusion& confusion : confusions) {
        counts.insert(counts.end(),
                      {confusion.n_1c, confusion.n_1f, confusion.n_0f, confusion.n_0c});
    }
    return counts;
}

/// Sums [n_fields, n_confusions x 4] over the fields.
std::vector<learn::Confusion> sum_fields(const std::vector<std::int64_t>& counts,
                                         std::size_t n_confusions) {
    std::vector<learn::Confusion> sums(n_confusions);
    for (std::size_t i = 0; i + 3 < counts.size(); i += 4) {
        sums[i / 4 % n_confusions] +=
            learn::Confusion{counts[i], counts[i + 1], counts[i + 2], counts[i + 3]};
    }
    return sums;
}

learn::Confusion compare(std::span<const std::uint8_t> labels,
                         std::span<const std::uint8_t> found,
                         std::span<const std::int32_t> n_blank,
                         std::int64_t tile_px) {
    learn::Confusion confusion;
    for (std::size_t t = 0; t < labels.size(); ++t) {
        if (!tile::is_blank_tile(n_blank[t], tile_px)) {
            confusion.add(labels[t] != 0, found[t] != 0);
        }
    }
    return confusion;
}

/// The best threshold finder on the training fields, and what it reaches on the test fields.
struct Baseline {
    source::ThresholdFinder finder;
    learn::Confusion train;
    learn::Confusion test;
};

Baseline tune_baseline(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    const std::vector<source::ThresholdFinder> finders =
        source::threshold_finder_grid(campaign.observation.beam_fwhm_arcsec);
    const double pixel_arcsec = campaign.sky.pixel_arcsec;
    const auto tuning = count_fields(
        communicator,
        campaign,
        MockSet::train,
        "threshold finder, tuning",
        finders.size() * 4,
        [&](const mpi::FieldPixels& field, const tile::TileGrid& grid) {
            const std::vector<std::uint8_t> labels =
                label::label_tiles(*field.sky, grid, campaign.label);
            return flatten(source::try_finders(field.noise, labels, grid, pixel_arcsec, finders));
        });
    const std::vector<learn::Confusion> sums = sum_fields(tuning, finders.size());
    std::size_t number = 0;
    mpi::together(communicator, [&] { number = source::best_finder(sums); });
    const std::vector<source::ThresholdFinder> best{finders[number]};
    const auto test = count_fields(
        communicator,
        campaign,
        MockSet::test,
        "threshold finder, test",
        4,
        [&](const mpi::FieldPixels& field, const tile::TileGrid& grid) {
            const std::vector<std::uint8_t> labels =
                label::label_tiles(*field.sky, grid, campaign.label);
            return flatten(source::try_finders(field.noise, labels, grid, pixel_arcsec, best));
        });
    return {best.front(), sums[number], sum_fields(test, 1).front()};
}

nlohmann::json to_json(const learn::Confusion& confusion) {
    return {{"A_s", confusion.a_s()},
            {"W_s", confusion.w_s()},
            {"W_v", confusion.w_v()},
            {"1C", confusion.n_1c},
            {"1F", confusion.n_1f},
            {"0F", confusion.n_0f},
            {"0C", confusion.n_0c}};
}

std::string line_of(const std::string& what, const learn::Confusion& confusion) {
    std::ostringstream line;
    line.precision(4);
    line << what << ": A_s " << confusion.a_s() << "  W_s " << confusion.w_s() << "  W_v "
         << confusion.w_v() << "  (1C " << confusion.n_1c << ", 1F " << confusion.n_1f << ", 0F "
         << confusion.n_0f << ", 0C " << confusion.n_0c << ")";
    return line.str();
}

}  // namespace

base::ExitCode evaluate(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    if (campaign.simulate.n_test == 0) {
        throw mpi::AgreedError(base::ExitCode::usage,
                               "cannot evaluate without test skies, raise simulate.n_test");
    }
    auto [model, classifier] = load_model(communicator, campaign, model_path(campaign));
    if (model.tile_px != campaign.tile_px || model.label_rule != campaign.label) {
        throw mpi::AgreedError(base::ExitCode::usage,
                               model_path(campaign) +
                                   " was trained with another tile_px or label rule than the "
                                   "campaign's (its score would "
                                   "say nothing), train again or correct them");
    }
    // Beside the confusion: signal tiles under the paper's two label rules, which say how full the
    // sky is.
    constexpr std::size_t n_counts = 6;
    label::LabelRule rule_40 = campaign.label;
    label::LabelRule rule_9 = campaign.label;
    rule_40.min_pixels = 40;
    rule_9.min_pixels = 9;
    const std::int64_t margin_px = learn::network_info(model.network, model.tile_px).margin_px;
    const auto counts = count_fields(
        communicator,
        campaign,
        MockSet::test,
        "evaluate",
        n_counts,
        [&](const mpi::FieldPixels& field, const tile::TileGrid& grid) {
            const tile::ScaledField scaled =
                tile::scale_field(field.wide_noise, model.scaling, margin_px);
            const std::vector<float> scores = classifier.scores(
                tile::cut_tiles(scaled.pixels, grid, scaled.blank_value, margin_px));
            std::vector<std::uint8_t> found(scores.size());
            std::transform(scores.begin(), scores.end(), found.begin(), [&](float score) {
                return static_cast<std::uint8_t>(static_cast<double>(score) > model.threshold);
            });
            const std::vector<std::uint8_t> labels =
                label::label_tiles(*field.sky, grid, campaign.label);
            std::vector<std::int64_t> result = flatten(
                {compare(labels, found, tile::count_blanks(field.noise, grid), grid.tile_px)});
            for (const label::LabelRule& rule : {rule_40, rule_9}) {
                const std::vector<std::uint8_t> signal = label::label_tiles(*field.sky, grid, rule);
                result.push_back(std::count(signal.begin(), signal.end(), 1));
            }
            return result;
        },
        margin_px);
    learn::Confusion total;
    std::int64_t n_signal_40 = 0;
    std::int64_t n_signal_9 = 0;
    const std::size_t n_fields = counts.size() / n_counts;
    std::string table = "field,1C,1F,0F,0C,A_s,W_s,W_v\n";
    for (std::size_t field = 0; field < n_fields; ++field) {
        const std::int64_t* of_field = counts.data() + field * n_counts;
        const learn::Confusion confusion{of_field[0], of_field[1], of_field[2], of_field[3]};
        total += confusion;
        n_signal_40 += of_field[4];
        n_signal_9 += of_field[5];
        table += base::text(field,
                            ",",
                            confusion.n_1c,
                            ",",
                            confusion.n_1f,
                            ",",
                            confusion.n_0f,
                            ",",
                            confusion.n_0c,
                            ",",
                            confusion.a_s(),
                            ",",
                            confusion.w_s(),
                            ",",
                            confusion.w_v(),
                            "\n");
    }
    std::optional<Baseline> baseline;
    if (campaign.evaluate.threshold_finder) {
        baseline = tune_baseline(communicator, campaign);
    }
    if (communicator.is_root()) {
        const double per_field = 1.0 / static_cast<double>(n_fields);
        nlohmann::json report = {{"n_fields", n_fields},
                                 {"network", to_json(total)},
                                 {"signal_tiles_per_field",
                                  {{"min_pixels_40", static_cast<double>(n_signal_40) * per_field},
                                   {"min_pixels_9", static_cast<double>(n_signal_9) * per_field}}}};
        base::print(base::text("evaluate: ",
                               n_fields,
                               " held-out fields, ",
                               static_cast<double>(n_signal_40) * per_field,
                               " signal tiles per field with N_pix 40, ",
                               static_cast<double>(n_signal_9) * per_field,
                               " with N_pix 9 (ratio ",
                               static_cast<double>(n_signal_9) / static_cast<double>(n_signal_40),
                               ")"));
        base::print(line_of(model.network, total));
        if (baseline) {
            const source::ThresholdFinder& finder = baseline->finder;
            base::print(line_of(base::text("best threshold finder (smoothing ",
                                           finder.smoothing_fwhm_arcsec,
                                           " arcsec, k ",
                                           finder.k_sigma,
                                           ", islands of ",
                                           finder.min_island_pixels,
                                           " px, tiles of ",
                                           finder.min_tile_pixels,
                                           " px)"),
                                baseline->test));
            report["threshold_finder"] = {{"smoothing_fwhm_arcsec", finder.smoothing_fwhm_arcsec},
                                          {"k_sigma", finder.k_sigma},
                                          {"min_island_pixels", finder.min_island_pixels},
                                          {"min_tile_pixels", finder.min_tile_pixels},
                                          {"train", to_json(baseline->train)},
                                          {"test", to_json(baseline->test)}};
        }
        base::write_file(campaign.output + "/evaluation.csv", table);
        base::write_file(campaign.output + "/evaluation.json", report.dump(2) + "\n");
        model.metrics = {total, static_cast<std::int64_t>(n_fields)};
        learn::write_model(model_path(campaign), model);
    }
    communicator.barrier();
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
