// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What handing out fields costs rank 0: mpirun -n N bench_scatter FOLDER [FIELDS_PER_S] [N_FIELDS]
//
// The other ranks pretend to work, so that all of them together take FIELDS_PER_S; results go into
// the store of a run in FOLDER, with its journal. Prints the share of a core that rank 0's thread
// used.

#include <chrono>
#include <cstdio>
#include <numeric>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include "lib/base/stopwatch.h"
#include "mpi/comm/session.h"
#include "mpi/comm/share_fields.h"
#include "mpi/pipeline/field_store.h"

namespace {

using namespace faintweb;

/// Seconds of a core that the calling thread has used.
double core_seconds() {
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int bench(const comm::Communicator& communicator,
          const std::string& folder,
          double fields_per_s,
          std::int64_t n_fields) {
    constexpr int n_at_once = 4;
    std::vector<catalogue::FieldKey> keys(static_cast<std::size_t>(n_fields));
    std::iota(keys.begin(), keys.end(), catalogue::FieldKey{1});
    pipeline::FieldStore store(communicator, folder, "bench", keys);
    const std::chrono::duration<double> work_s(n_at_once * (communicator.size() - 1) /
                                               fields_per_s);
    communicator.barrier();
    base::Stopwatch stopwatch;
    const double before = core_seconds();
    comm::share_fields(
        communicator, store.pending(),
        {.schedule = {.lease_s = 60}, .is_rank0_dedicated = true, .n_at_once = n_at_once},
        {.read = [](std::int64_t) { return std::vector<float>(); },
         .work =
             [&](std::int64_t field, const std::vector<float>&) {
                 std::this_thread::sleep_for(work_s);
                 catalogue::FieldResult result;
                 result.field.field = static_cast<std::int32_t>(field);
                 result.scores.resize(2500);
                 store.keep(catalogue::FieldId(field), std::move(result));
             },
         .fail = nullptr},
        store);
    if (communicator.is_root()) {
        const double wall_s = stopwatch.lap();
        std::printf("%lld fields, %.0f/s: rank 0 used %.1f %% of a core, %.1f us per field\n",
                    static_cast<long long>(n_fields), static_cast<double>(n_fields) / wall_s,
                    100 * (core_seconds() - before) / wall_s,
                    1e6 * (core_seconds() - before) / static_cast<double>(n_fields));
        store.remove();
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    comm::Session session(argc, argv);
    return session.run([&](const comm::Communicator& communicator) {
        return bench(communicator, argc > 1 ? argv[1] : "scatter.run",
                     argc > 2 ? std::atof(argv[2]) : 1000, argc > 3 ? std::atoll(argv[3]) : 20000);
    });
}
