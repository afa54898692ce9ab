#include "mpi/pipeline/device.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/base/text.h"

namespace faintweb::pipeline {

namespace {

/// OMP_NUM_THREADS; none where it is not set, or no number of threads.
std::optional<int> threads_of_environment(const comm::Communicator& communicator) {
    constexpr int most = 4096;
    const char* const text = std::getenv("OMP_NUM_THREADS");
    if (text == nullptr || *text == '\0') {
        return std::nullopt;
    }
    const char* const end = text + std::strlen(text);
    int number = 0;
    const auto [rest, error] = std::from_chars(text, end, number);
    if (error == std::errc() && rest == end && number >= 1 && number <= most) {
        return number;
    }
    static std::once_flag has_warned;
    if (communicator.is_root()) {
        std::call_once(has_warned, [&] {
            base::log_warning(base::text("OMP_NUM_THREADS is ",
                                         text,
                                         " (no whole number from 1 to ",
                                         most,
                                         "), it is ignored"));
        });
    }
    return std::nullopt;
}

}  // namespace

int threads_of_rank(const campaign::Campaign& campaign, const comm::Communicator& communicator) {
    if (campaign.parallel.threads > 0) {
        return campaign.parallel.threads;
    }
    if (const std::optional<int> threads = threads_of_environment(communicator)) {
        return *threads;
    }
    return std::max(1, base::n_available_cores() / communicator.n_sharing_cores());
}

}  // namespace faintweb::pipeline
