// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Runs forever on every rank but one, which throws: what an unexpected error in a long run looks
// like.

#include <chrono>
#include <stdexcept>
#include <thread>

#include "mpi/comm/session.h"

int main(int argc, char** argv) {
    faintweb::comm::Session session(argc, argv);
    return session.run([](faintweb::comm::Communicator& communicator) {
        if (communicator.rank() == communicator.size() - 1) {
            throw std::runtime_error("injected");
        }
        communicator.barrier();
        std::this_thread::sleep_for(std::chrono::hours(1));
        return 0;
    });
}
