#include "mpi/box_team.h"

namespace faintweb::mpi {

sky::Team box_team(const Communicator& communicator) {
    return {.size = communicator.size(),
            .member = communicator.rank(),
            .exchange = [communicator](const auto& sent, const auto& received) {
                keep_together(communicator);
                communicator.exchange(sent, received);
            }};
}

}  // namespace faintweb::mpi
