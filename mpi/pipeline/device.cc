// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/device.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>

#include <fmt/core.h>

#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/infer/precision.h"

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
            base::log_warning(fmt::format(
                "OMP_NUM_THREADS is {} (no whole number from 1 to {}), it is ignored", text, most));
        });
    }
    return std::nullopt;
}

bool is_same_everywhere(const comm::Communicator& communicator, std::int64_t value) {
    return communicator.max(value) == -communicator.max(-value);
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

learn::Device choose_device(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign) {
    learn::Device device;
    comm::collectively(communicator, [&] {
        device = learn::choose_device(campaign.parallel.device, communicator.local_rank());
    });
    if (!is_same_everywhere(communicator, static_cast<std::int64_t>(device.kind))) {
        throw comm::CollectiveError(
            base::ExitCode::usage,
            "some ranks have a GPU and some do not (their results would differ in the last bits), "
            "give --set parallel.device=cpu");
    }
    return device;
}

LoadedModel load_model(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       const std::string& path,
                       const std::string& wanted_precision) {
    const learn::Device device = choose_device(communicator, campaign);
    learn::Model model;
    learn::Precision precision{};
    comm::collectively(communicator, [&] {
        model = learn::read_model(path);
        precision = infer::choose_precision(wanted_precision, device, model.network);
    });
    if (!is_same_everywhere(communicator, static_cast<std::int64_t>(precision))) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    "some ranks have a processor for bf16 and some do not (their "
                                    "results would differ), give --set detect.precision=fp32");
    }
    std::optional<LoadedModel> loaded;
    comm::collectively(communicator, [&] {
        infer::Classifier classifier(model, device, threads_of_rank(campaign, communicator),
                                     precision);
        loaded.emplace(LoadedModel{std::move(model), std::move(classifier)});
    });
    return std::move(*loaded);
}

}  // namespace faintweb::pipeline
