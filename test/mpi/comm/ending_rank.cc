// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Takes training steps forever on every rank but the last, which leaves the work half-way into a
// step: ending_rank throw|kill shared|mpi.

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/learn/training_step.h"
#include "mpi/comm/gradient_reducer.h"
#include "mpi/comm/session.h"

int main(int argc, char** argv) {
    using namespace faintweb;
    comm::Session session(argc, argv);
    const std::string way = argv[1];
    const std::string kind = argv[2];
    return session.run([&](comm::Communicator& communicator) {
        const auto reducer = comm::make_gradient_reducer(communicator, {.kind = kind});
        constexpr int tile_px = 16;
        learn::TrainingStep step({.network = "cosmodeep"}, tile_px, {}, 1,
                                 reducer->shared_memory());
        const std::vector<float> tile(tile_px * tile_px, 1.0F);
        const std::vector<std::uint8_t> label{1};
        const std::vector<learn::SampleKey> key(1);
        const bool is_last = communicator.rank() == communicator.size() - 1;
        for (int number = 0;; ++number) {
            step.accumulate(tile, label, key, communicator.size(),
                            [&](std::span<float> piece) { reducer->add(piece); });
            if (is_last && number == 3) {
                if (way == "kill") {
                    std::raise(SIGKILL);
                }
                throw std::runtime_error("injected");
            }
            reducer->finish();
            step.apply(1e-3);
        }
        return 0;
    });
}
