// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/report/study_report.h"

#include <memory>

#include <cairo.h>
#include <gtest/gtest.h>

namespace faintweb::report {
namespace {

score::StudyRow row(const std::string& variant, std::uint64_t seed, std::int64_t n_found) {
    score::StudyRow made;
    made.run = variant + "_seed" + std::to_string(seed);
    made.set_up = variant;
    made.variant = variant;
    made.label = {40, 1e-7};
    made.network = "cosmodeep";
    made.learning_rate = 7e-5;
    made.batch_size = 100;
    made.epochs = 50;
    made.seed = seed;
    made.test_id = 170;
    made.fields = {{{n_found, 100 - n_found, 4, 2396}, {1, 2, 3}},
                   {{n_found - 2, 52 - n_found, 6, 2444}, {1, 0, 1}}};
    return made;
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(study_report, the_table_has_means_deviations_the_papers_figures_and_differences) {
    std::vector<score::StudyRow> rows{row("ours", 1, 50), row("ours", 2, 48), row("theirs", 1, 30),
                                      row("theirs", 2, 30)};
    rows.push_back(row("theirs", 3, 30));
    rows.back().fields.clear();
    rows.back().failure = "training diverged";
    const FinderResult finder{{40, 1e-7}, "k 3", row("", 0, 20).fields};
    const std::string table = study_table(rows, std::span(&finder, 1), "ours");
    EXPECT_TRUE(holds(table, "Scores on 2 test fields")) << table;
    EXPECT_TRUE(holds(table, "| paper, Table 2")) << table;
    EXPECT_TRUE(holds(table, "0.9088 +- 0.0090")) << table;
    // (50 + 48) / 160 and (48 + 46) / 160: mean 0.6, deviation 0.0177.
    EXPECT_TRUE(holds(table, "| ours                   | 2     | 0.6000 +- 0.0177 |")) << table;
    EXPECT_TRUE(holds(table, "| W_s (completeness) ")) << table;
    EXPECT_TRUE(holds(table, "| 0.9974 +- 0.0003 | 0.9236           |")) << table;
    // 98 / 108 and 94 / 104.
    EXPECT_TRUE(holds(table, "| 0.9056 +- 0.0025 | -0.3088, not reached")) << table;
    EXPECT_TRUE(holds(table, "| theirs                 | 2     | 0.3625 +- 0.0000 |")) << table;
    EXPECT_TRUE(holds(table, "+0.2375 +- 0.0783 (3.0 sigma) |")) << table;
    EXPECT_TRUE(
        holds(study_table(rows, {}, "theirs"), "-0.2375 +- 0.0783 (-3.0 sigma), not beaten |"));
    EXPECT_TRUE(holds(table, "| threshold finder (k 3) |       | 0.2375 ")) << table;
    EXPECT_TRUE(holds(table, "+0.3625 +- ")) << table;
    // 150 signal tiles on two fields; the paper's 77.5.
    EXPECT_TRUE(holds(table, "| 75.0 ")) << table;
    EXPECT_TRUE(holds(table, "| 77.")) << table;
    EXPECT_TRUE(holds(table, "- theirs_seed3: training diverged")) << table;
}

TEST(study_report, a_variant_of_other_epochs_is_compared_with_the_references_last) {
    std::vector<score::StudyRow> rows{row("ours", 1, 50), row("ours", 1, 40), row("theirs", 1, 30)};
    rows[1].epochs = 20;
    rows[2].epochs = 10;
    const FinderResult finder{{40, 1e-7}, "k 3", row("", 0, 20).fields};
    const std::string table = study_table(rows, std::span(&finder, 1), "ours");
    EXPECT_TRUE(holds(table, "+0.2500 +- ")) << table;  // 98 / 160 - 58 / 160
    EXPECT_TRUE(holds(table, "+0.3750 +- ")) << table;  // 98 / 160 - 38 / 160
}

TEST(study_report, a_study_without_a_reference_or_with_other_rules_has_no_such_columns) {
    std::vector<score::StudyRow> rows{row("a", 1, 50)};
    rows[0].label = {7, 3e-7};
    const std::string table = study_table(rows, {}, "");
    EXPECT_FALSE(holds(table, "paper, Table 2")) << table;
    EXPECT_FALSE(holds(table, "sigma")) << table;
    EXPECT_TRUE(holds(table, "| 3           | 7     | a")) << table;
}

TEST(study_report, colours_are_those_that_the_paper_tells) {
    const Colour fastest = rate_colour(1e-3);
    EXPECT_GT(fastest.red, 0.8);
    EXPECT_LT(fastest.green + fastest.blue, 0.2);
    const Colour fast = rate_colour(5e-4);
    EXPECT_GT(std::min(fast.red, fast.green), 0.7);
    EXPECT_LT(fast.blue, 0.2);
    const Colour middle = rate_colour(5e-5);
    EXPECT_GT(middle.blue, std::max(middle.red, middle.green));
    const Colour green = rate_colour(1e-4);
    EXPECT_GT(green.green, std::max(green.red, green.blue));
    EXPECT_EQ(rate_colour(1e-9).red, rate_colour(1e-6).red);
}

/// Pixels of a picture that are red, as only the highest learning rate is.
int n_red(const std::string& path) {
    const std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface(
        cairo_image_surface_create_from_png(path.c_str()), &cairo_surface_destroy);
    const unsigned char* const bytes = cairo_image_surface_get_data(surface.get());
    int n = 0;
    for (int y = 0; y < cairo_image_surface_get_height(surface.get()); ++y) {
        for (int x = 0; x < cairo_image_surface_get_width(surface.get()); ++x) {
            // Blue, green, red, unused.
            const unsigned char* const pixel =
                bytes +
                static_cast<std::ptrdiff_t>(y) * cairo_image_surface_get_stride(surface.get()) +
                4 * x;
            n += pixel[2] > 200 && pixel[1] < 60 && pixel[0] < 60 ? 1 : 0;
        }
    }
    return n;
}

TEST(study_report, figures_show_each_run_in_the_colour_of_its_rate) {
    const std::string path = testing::TempDir() + "study_figure.png";
    std::vector<score::StudyRow> rows{row("a", 1, 50)};
    draw_test_ids(path, rows);
    EXPECT_EQ(n_red(path), 0);
    rows.push_back(row("a", 2, 40));
    rows.back().learning_rate = 1e-3;
    draw_test_ids(path, rows);
    // One point of A_s, of W_s and of W_v, and one in the legend.
    const int of_one = n_red(path);
    EXPECT_GT(of_one, 4 * 20);
    rows.back().failure = "training diverged";
    draw_test_ids(path, rows);
    EXPECT_LT(n_red(path), of_one / 2);
    rows.back().test_id = 0;
    draw_test_ids(path, rows);
    EXPECT_EQ(n_red(path), 0);

    std::vector<LearningCurve> curves{{7e-5, 100, {2, 4, 6}, {0.6, 0.8, 0.9}}};
    draw_learning_curves(path, curves);
    EXPECT_EQ(n_red(path), 0);
    curves.push_back({1e-3, 15, {10, 20, 30}, {0.5, 0.6, 0.5}});
    draw_learning_curves(path, curves);
    EXPECT_GT(n_red(path), 500);
}

TEST(study_report, figures_are_drawn_also_without_any_model) {
    const std::string path = testing::TempDir() + "study_empty.png";
    draw_test_ids(path, {});
    EXPECT_EQ(n_red(path), 0);
    draw_learning_curves(path, {});
    EXPECT_EQ(n_red(path), 0);
}

}  // namespace
}  // namespace faintweb::report
