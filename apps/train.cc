#include "apps/commands.h"
#include "mpi/pipeline/training.h"

namespace faintweb::apps {

base::ExitCode train(const comm::Communicator& communicator, const campaign::Campaign& campaign) {
    pipeline::TrainingTiles tiles;
    return pipeline::train_on(communicator, campaign, tiles);
}

}  // namespace faintweb::apps
