// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/study_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "lib/report/plot.h"

namespace faintweb::report {
namespace {

using Cells = std::vector<std::string>;

/// "0.9123 +- 0.0041", "0.9123" without a deviation, "-" without a value.
std::string figure(const score::Measured& measured) {
    if (!std::isfinite(measured.mean)) {
        return "-";
    }
    char text[64];
    std::snprintf(text, sizeof(text), "%.4f", measured.mean);
    std::string result = text;
    if (std::isfinite(measured.deviation)) {
        std::snprintf(text, sizeof(text), " +- %.4f", measured.deviation);
        result += text;
    }
    return result;
}

std::string rounded(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    return std::isfinite(value) ? text : "-";
}

/// A table whose columns stand below one another also where it is read as plain text.
std::string markdown(const std::vector<Cells>& lines) {
    std::vector<std::size_t> widths(lines.front().size(), 3);
    for (const Cells& cells : lines) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            widths[i] = std::max(widths[i], cells[i].size());
        }
    }
    std::string text;
    for (std::size_t line = 0; line < lines.size(); ++line) {
        text += "|";
        for (std::size_t i = 0; i < widths.size(); ++i) {
            text +=
                " " + lines[line][i] + std::string(widths[i] - lines[line][i].size(), ' ') + " |";
        }
        text += "\n";
        if (line == 0) {
            text += "|";
            for (const std::size_t width : widths) {
                text += std::string(width + 2, '-') + "|";
            }
            text += "\n";
        }
    }
    return text;
}

/// The trainings that differ in their seeds only, with a model each.
struct Group {
    label::LabelRule label;
    std::string name;
    std::string variant;
    int epochs = 0;
    std::vector<std::vector<score::FieldScore>> models;

    score::FieldScore total() const {
        score::FieldScore sum;
        for (const auto& fields : models) {
            sum += score::sum_of(fields);
        }
        return sum;
    }
};

std::vector<label::LabelRule> rules_of(std::span<const score::StudyRow> rows) {
    std::vector<label::LabelRule> rules;
    for (const score::StudyRow& row : rows) {
        if (std::find(rules.begin(), rules.end(), row.label) == rules.end()) {
            rules.push_back(row.label);
        }
    }
    // As in the paper: the brightest first, N_pix 40 before 9.
    std::stable_sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) {
        return std::pair(-a.min_pixels, -a.flux_threshold_jy_arcsec2) <
               std::pair(-b.min_pixels, -b.flux_threshold_jy_arcsec2);
    });
    return rules;
}

std::vector<Group> groups_of(std::span<const score::StudyRow> rows, const label::LabelRule& rule) {
    std::set<int> epochs;
    for (const score::StudyRow& row : rows) {
        epochs.insert(row.epochs);
    }
    std::vector<Group> groups;
    for (const score::StudyRow& row : rows) {
        if (row.label != rule || !row.failure.empty()) {
            continue;
        }
        std::string name = row.set_up.empty() ? row.network : row.set_up;
        name += epochs.size() > 1 ? fmt::format(", {} epochs", row.epochs) : "";
        auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const Group& one) { return one.name == name; });
        if (group == groups.end()) {
            group = groups.insert(groups.end(), {rule, name, row.variant, row.epochs, {}});
        }
        group->models.push_back(row.fields);
    }
    return groups;
}

Cells first_cells(const label::LabelRule& rule) {
    return {fmt::format("{:g}", rule.flux_threshold_jy_arcsec2 * 1e7),
            fmt::format("{}", rule.min_pixels)};
}

/// How far the reference lies above another, "+0.0123 +- 0.0040 (3.1 sigma)"; a difference of no
/// more than two standard errors says "not beaten".
std::string difference_text(const Group* reference,
                            std::span<const std::vector<score::FieldScore>> others) {
    if (reference == nullptr || others.front().size() < 2) {
        return "";
    }
    const score::Measured difference =
        score::paired_difference(score::mean_scores(reference->models), score::mean_scores(others));
    std::string text = (difference.mean >= 0 ? "+" : "") + figure(difference);
    if (difference.deviation > 0) {
        text += " (" + rounded(difference.mean / difference.deviation, 1) + " sigma)";
    }
    return text + (difference.mean > 2 * difference.deviation ? "" : ", not beaten");
}

std::string against_paper(const Group& group) {
    const auto paper = score::paper_score(group.label);
    if (!paper) {
        return "";
    }
    const double difference =
        score::over_models(group.models, &score::Confusion::a_s).mean - paper->a_s.mean;
    return fmt::format("{}{}{}", difference >= 0 ? "+" : "", rounded(difference, 4),
                       difference >= 0 ? "" : ", not reached");
}

/// The ratios of a group, in the order of score::ratios.
Cells figures_of(const Group& group) {
    Cells figures;
    for (const score::Ratio& ratio : score::ratios) {
        figures.push_back(figure(score::over_models(group.models, ratio.value)));
    }
    return figures;
}

std::string score_table(std::span<const score::StudyRow> rows,
                        std::span<const FinderResult> finders,
                        const std::string& reference_name) {
    std::vector<Cells> lines{{"F_th (1e-7)", "N_pix", "what", "seeds"}};
    for (const score::Ratio& ratio : score::ratios) {
        lines.front().push_back(ratio.heading);
    }
    lines.front().push_back("A_s - paper's");
    lines.front().push_back(reference_name.empty() ? "" : "A_s of " + reference_name + " - this");
    const auto add = [&](const label::LabelRule& rule, const Cells& what, const Cells& figures,
                         const Cells& differences) {
        Cells& cells = lines.emplace_back(first_cells(rule));
        for (const Cells* const part : {&what, &figures, &differences}) {
            cells.insert(cells.end(), part->begin(), part->end());
        }
    };
    for (const label::LabelRule& rule : rules_of(rows)) {
        if (const auto paper = score::paper_score(rule)) {
            add(rule, {"paper, Table 2", ""},
                {figure(paper->a_s), figure(paper->w_s), figure(paper->w_v),
                 rounded(score::reliability_from(paper->a_s.mean, paper->w_s.mean), 4)},
                {"", ""});
        }
        const std::vector<Group> groups = groups_of(rows, rule);
        // At the same epoch; at its last where it was not looked at then, or no epoch (0) is named.
        const auto reference_at = [&](int epochs) {
            const Group* best = nullptr;
            for (const Group& one : groups) {
                if (reference_name.empty() || one.variant != reference_name) {
                    continue;
                }
                if (one.epochs == epochs) {
                    return &one;
                }
                if (best == nullptr || one.epochs > best->epochs) {
                    best = &one;
                }
            }
            return best;
        };
        for (const Group& group : groups) {
            const Group* const reference = reference_at(group.epochs);
            add(rule, {group.name, fmt::format("{}", group.models.size())}, figures_of(group),
                {against_paper(group),
                 reference == &group ? "" : difference_text(reference, group.models)});
        }
        for (const FinderResult& finder : finders) {
            if (finder.label == rule && finder.fields.empty()) {
                add(rule, {"threshold finder", ""}, Cells(score::ratios.size(), "-"), {"", ""});
            } else if (finder.label == rule) {
                const Group group{rule, "", "", 0, {finder.fields}};
                add(rule, {"threshold finder (" + finder.settings + ")", ""}, figures_of(group),
                    {against_paper(group), difference_text(reference_at(0), group.models)});
            }
        }
    }
    return markdown(lines);
}

std::string data_table(std::span<const score::StudyRow> rows) {
    std::vector<Cells> lines{
        {"F_th (1e-7)", "N_pix", "signal tiles per field, ours", "paper's, from its Table 2"}};
    for (const label::LabelRule& rule : rules_of(rows)) {
        Cells cells = first_cells(rule);
        std::string ours = "-";
        for (const Group& group : groups_of(rows, rule)) {
            const double n_fields = static_cast<double>(group.models.size()) *
                                    static_cast<double>(group.models.front().size());
            ours = rounded(static_cast<double>(group.total().confusion.n_signal()) / n_fields, 1);
        }
        cells.push_back(ours);
        const auto paper = score::paper_score(rule);
        cells.push_back(paper ? rounded(score::signal_tiles_of(*paper), 1) : "-");
        lines.push_back(cells);
    }
    return markdown(lines);
}

std::string split_table(std::span<const score::StudyRow> rows) {
    std::vector<Cells> lines{{"F_th (1e-7)", "N_pix", "what", "0F per field", "with faint pixels",
                              "beside signal", "1F per field", "beside signal"}};
    for (const label::LabelRule& rule : rules_of(rows)) {
        for (const Group& group : groups_of(rows, rule)) {
            const double n_fields = static_cast<double>(group.models.size()) *
                                    static_cast<double>(group.models.front().size());
            const score::FieldScore total = group.total();
            Cells cells = first_cells(rule);
            cells.push_back(group.name);
            for (const std::int64_t n :
                 {total.confusion.n_0f, total.split.n_0f_faint, total.split.n_0f_beside,
                  total.confusion.n_1f, total.split.n_1f_beside}) {
                cells.push_back(rounded(static_cast<double>(n) / n_fields, 2));
            }
            lines.push_back(cells);
        }
    }
    return markdown(lines);
}

std::string failures(std::span<const score::StudyRow> rows) {
    std::map<std::string, std::string> failed;
    for (const score::StudyRow& row : rows) {
        if (!row.failure.empty()) {
            failed[row.run] = row.failure;
        }
    }
    std::string text;
    for (const auto& [run, reason] : failed) {
        text += "- " + run + ": " + reason + "\n";
    }
    return text.empty() ? "" : "\nTrainings without a model:\n\n" + text;
}

/// One series for each learning rate that occurs, in ascending order.
std::map<double, PlotSeries> series_of_rates(std::span<const score::StudyRow> rows) {
    std::map<double, PlotSeries> series;
    for (const score::StudyRow& row : rows) {
        if (row.test_id > 0) {
            PlotSeries& of_rate = series[row.learning_rate];
            of_rate.name = fmt::format("eta {:g}", row.learning_rate);
            of_rate.colour = rate_colour(row.learning_rate);
        }
    }
    return series;
}

PlotSeries nameless(PlotSeries series, Marker marker) {
    series.name.clear();
    series.marker = marker;
    return series;
}

}  // namespace

std::string study_table(std::span<const score::StudyRow> rows,
                        std::span<const FinderResult> finders,
                        const std::string& reference) {
    std::size_t n_fields = 0;
    for (const score::StudyRow& row : rows) {
        n_fields = std::max(n_fields, row.fields.size());
    }
    const std::string difference =
        reference.empty() ? ""
                          : "A difference is paired field by field, mean over seeds, with the "
                            "jackknife's standard error over fields.\n";
    return fmt::format(
        "Scores on {} test fields, mean +- standard deviation over seeds. {}\n{}\nHow full the "
        "skies are:\n\n{}\nLabelling or network? Wrong tiles per field, and those for which the "
        "labels may be to blame: tiles 0F with\nsome pixels above F_th but too few for the label, "
        "other tiles 0F that touch a signal tile, tiles 1F that\ntouch another signal "
        "tile.\n\n{}{}",
        n_fields, difference, score_table(rows, finders, reference), data_table(rows),
        split_table(rows), failures(rows));
}

Colour rate_colour(double learning_rate) {
    struct Stop {
        double exponent;
        Colour colour;
    };
    static constexpr std::array stops{Stop{-6.0, {0.35, 0.0, 0.5}}, Stop{-5.0, {0.45, 0.2, 0.85}},
                                      Stop{-4.3, {0.1, 0.3, 1.0}},  Stop{-4.0, {0.0, 0.65, 0.2}},
                                      Stop{-3.3, {0.95, 0.8, 0.0}}, Stop{-3.0, {0.9, 0.0, 0.0}}};
    const double exponent =
        std::clamp(std::log10(learning_rate), stops.front().exponent, stops.back().exponent);
    std::size_t next = 1;
    while (next + 1 < stops.size() && stops[next].exponent < exponent) {
        ++next;
    }
    const Stop& a = stops[next - 1];
    const Stop& b = stops[next];
    const double t = (exponent - a.exponent) / (b.exponent - a.exponent);
    return {std::lerp(a.colour.red, b.colour.red, t), std::lerp(a.colour.green, b.colour.green, t),
            std::lerp(a.colour.blue, b.colour.blue, t)};
}

void draw_test_ids(const std::string& path, std::span<const score::StudyRow> rows) {
    std::map<double, PlotSeries> a_s = series_of_rates(rows);
    std::map<double, PlotSeries> w_s = a_s;
    std::map<double, PlotSeries> w_v = a_s;
    for (const score::StudyRow& row : rows) {
        if (row.test_id == 0 || !row.failure.empty()) {
            continue;
        }
        const score::Confusion confusion = row.total().confusion;
        for (const auto& [series, value] :
             {std::pair{&a_s, confusion.a_s()}, {&w_s, confusion.w_s()}, {&w_v, confusion.w_v()}}) {
            PlotSeries& of_rate = (*series)[row.learning_rate];
            of_rate.x.push_back(row.test_id);
            of_rate.y.push_back(value);
        }
    }
    const PlotAxis ids{"TestID", 0, 181, false};
    std::array panels{
        PlotPanel{"A_s (no point: no model)", ids, {"A_s", -0.02, 1.02, false}, {}},
        PlotPanel{"W_s (triangles) and W_v (diamonds)", ids, {"W_s, W_v", -0.02, 1.02, false}, {}}};
    for (const auto& [rate, series] : a_s) {
        panels[0].series.push_back(series);
        panels[1].series.push_back(nameless(w_s[rate], Marker::triangle));
        panels[1].series.push_back(nameless(w_v[rate], Marker::diamond));
    }
    draw_plot(path, panels, 1000, 420);
}

void draw_learning_curves(const std::string& path, std::span<const LearningCurve> curves) {
    std::set<int> batch_sizes;
    std::vector<double> epochs{0};
    std::vector<double> steps;
    for (const LearningCurve& curve : curves) {
        batch_sizes.insert(curve.batch_size);
        epochs.push_back(static_cast<double>(curve.steps.size()));
        steps.insert(steps.end(), curve.steps.begin(), curve.steps.end());
    }
    constexpr std::array markers{Marker::circle, Marker::square, Marker::diamond, Marker::triangle};
    PlotAxis of_steps = axis_around("steps of the optimiser", steps);
    if (!steps.empty()) {
        of_steps.low = std::max(1.0, 0.9 * *std::min_element(steps.begin(), steps.end()));
        of_steps.is_log = true;
    }
    const PlotAxis accuracy{"part of tiles that are right", 0.4, 1.01, false};
    std::array panels{PlotPanel{"Convergence by epoch", axis_around("epoch", epochs), accuracy, {}},
                      PlotPanel{"Convergence by step", of_steps, accuracy, {}}};
    for (const LearningCurve& curve : curves) {
        PlotSeries series;
        series.name = fmt::format("eta {:g}, N_b {}", curve.learning_rate, curve.batch_size);
        series.colour = rate_colour(curve.learning_rate);
        series.has_line = true;
        const auto number = std::distance(batch_sizes.begin(), batch_sizes.find(curve.batch_size));
        series.marker = markers[static_cast<std::size_t>(number) % markers.size()];
        series.y = curve.accuracy;
        series.x = curve.steps;
        panels[1].series.push_back(series);
        for (std::size_t i = 0; i < series.x.size(); ++i) {
            series.x[i] = static_cast<double>(i + 1);
        }
        panels[0].series.push_back(series);
    }
    for (PlotSeries& series : panels[1].series) {
        series.name.clear();
    }
    draw_plot(path, panels, 1000, 480);
}

}  // namespace faintweb::report
