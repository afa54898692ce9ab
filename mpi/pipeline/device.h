// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/campaign/campaign.h"
#include "lib/infer/classifier.h"
#include "lib/learn/device.h"
#include "lib/learn/model.h"
#include "mpi/comm/communicator.h"

/// What a rank computes with: its device, its threads, and a model on them.
namespace faintweb::pipeline {

/// Threads of this rank: as the campaign says, else OMP_NUM_THREADS, else its share of the cores of
/// this host.
int threads_of_rank(const campaign::Campaign& campaign, const comm::Communicator& communicator);

/// The device of this rank, of the kind that all ranks have.
///
/// @throws comm::CollectiveError  if any rank has no such device, or only some have a GPU.
/// @collective yes: every rank.
learn::Device choose_device(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign);

/// A model, and a classifier for it on this rank's device.
struct LoadedModel {
    learn::Model model;
    infer::Classifier classifier;
};

/// Reads a model on every rank.
///
/// @param precision  "auto", "fp32", "bf16".
/// @throws comm::CollectiveError  if any rank cannot read it or has no such device, or if ranks
///                                would choose different devices or precisions.
/// @collective yes: every rank.
LoadedModel load_model(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       const std::string& path,
                       const std::string& precision = "fp32");

}  // namespace faintweb::pipeline
