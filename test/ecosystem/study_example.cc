// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Writes the table of a study: study_example PATH, or study_example PATH empty.
#include <limits>
#include <vector>

#include "mpi/io/study_file.h"

int main(int argc, char** argv) {
    using namespace faintweb;
    std::vector<score::StudyRow> rows;
    if (argc == 2) {
        score::StudyRow row;
        row.run = "deep_seed1";
        row.set_up = "deep";
        row.test_id = 7;
        row.network = "cosmodeep";
        row.scaling = "paper";
        row.learning_rate = 7e-5;
        row.batch_size = 100;
        row.epochs = 50;
        row.seed = 1;
        row.n_parameters = 6575490;
        row.mflop_per_tile = 28.75;
        row.n_steps = 1000;
        row.training_s = 1.5;
        row.fields = {{{1, 2, 3, 4}, {5, 6, 7}}, {{10, 2, 3, 4}, {5, 6, 7}}};
        rows.push_back(row);
        row.run = "deep_seed2";
        row.seed = std::numeric_limits<std::uint64_t>::max();
        row.n_steps = 0;
        row.training_s = 0.25;
        row.failure = "η is too large";
        row.fields.clear();
        rows.push_back(row);
    }
    io::write_study(argv[1], rows);
    return 0;
}
