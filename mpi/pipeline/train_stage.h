#pragma once

#include "mpi/pipeline/stage.h"

namespace faintweb::pipeline {

/// Trains the network of a campaign.
extern const Stage train_stage;

}  // namespace faintweb::pipeline
