// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/box_team.h"

namespace faintweb::comm {

sky::Team box_team(const Communicator& communicator) {
    return {.size = communicator.size(),
            .member = communicator.rank(),
            .exchange = [communicator](const auto& sent, const auto& received) {
                agree_or_throw(communicator);
                communicator.exchange(sent, received);
            }};
}

}  // namespace faintweb::comm
