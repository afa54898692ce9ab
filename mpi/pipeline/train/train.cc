// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <string>

#include <fmt/core.h>

#include "lib/base/drain.h"
#include "lib/base/log.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/train/training.h"

namespace faintweb::pipeline {
namespace {

void train_with(const comm::Communicator& communicator,
                const campaign::Campaign& campaign,
                learn::Device device,
                Training& training) {
    const std::size_t n_signal = training.n_signal();
    const std::size_t n_noise = training.n_noise();
    if (n_signal == 0 || n_noise == 0) {
        throw TrainingFailed(
            base::ExitCode::usage,
            fmt::format(
                "cannot train: the training fields hold {} signal and {} noise tiles (both are "
                "needed), raise simulate.n_train or lower label.flux_threshold_jy_arcsec2",
                n_signal, n_noise));
    }
    std::string without_signal;
    for (const label::LabelRule& rule : training.rules_without_signal()) {
        without_signal += (without_signal.empty() ? "" : ", ") + campaign::rule_name(rule);
    }
    if (!without_signal.empty()) {
        throw TrainingFailed(
            base::ExitCode::usage,
            fmt::format("cannot train: no training tile is signal under {} (train.joint learns "
                        "these label rules too), raise simulate.n_train{} or leave them out of "
                        "label, label.rules and sweep",
                        without_signal, campaign.train.max_tiles > 0 ? " or train.max_tiles" : ""));
    }
    if (communicator.is_root()) {
        base::log_info(fmt::format("train: {} on {} signal and {} noise tiles, {}",
                                   campaign.train.network, n_signal, n_noise,
                                   learn::device_name(device)));
    }
    training.resume();
    training.run();
    training.finish();
}

}  // namespace

base::ExitCode train_on(const comm::Communicator& communicator,
                        const campaign::Campaign& campaign,
                        TrainingTiles& tiles) {
    prepare_output(communicator, model_path(campaign));
    const learn::Device device = choose_device(communicator, campaign);
    const base::DrainSignals drain;
    prepare_tiles(communicator, campaign, tiles);
    Training training(communicator, campaign, tiles, device);
    train_with(communicator, campaign, device, training);
    return base::ExitCode::done;
}

}  // namespace faintweb::pipeline
