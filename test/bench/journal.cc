// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// How soon a run goes on: bench_journal FILE [N_FIELDS]
//
// Writes the journal of a run whose fields are all done, and reads it as the next start does.

#include "lib/catalogue/journal.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "lib/base/stopwatch.h"

int main(int argc, char** argv) {
    using namespace faintweb;
    const std::string path = argc > 1 ? argv[1] : "bench.journal";
    const std::int64_t n_fields = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
    std::filesystem::remove(path);
    base::Stopwatch stopwatch;
    {
        catalogue::JournalState state;
        state.run_hash = "bench";
        catalogue::Journal journal(path, state);
        for (std::int64_t field = 0; field < n_fields; ++field) {
            const auto key = static_cast<catalogue::FieldKey>(field + 1);
            journal.begun(key, 0, catalogue::AttemptMode::among_others);
            journal.done({.key = key, .shard = {0, 0}, .offset = 100 * field});
        }
        journal.flush();
    }
    const double written_s = stopwatch.lap();
    const catalogue::JournalState state = catalogue::read_journal(path);
    std::printf("%zu fields in %.0f MB: written in %.2f s, read in %.2f s\n", state.fields.size(),
                1e-6 * static_cast<double>(std::filesystem::file_size(path)), written_s,
                stopwatch.lap());
    std::filesystem::remove(path);
    return 0;
}
