// Sums gradients forever on every rank but the last, which leaves the work half-way into a sum:
// ending_rank throw|kill auto|mpi.

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "mpi/gradient_reducer.h"
#include "mpi/session.h"

int main(int argc, char** argv) {
    using namespace faintweb;
    mpi::Session session(argc, argv);
    const std::string way = argv[1];
    const std::string kind = argv[2];
    return session.run([&](mpi::Communicator& communicator) {
        const auto reducer = mpi::make_gradient_reducer(communicator, {.kind = kind});
        std::vector<float> gradients(3'000'000);
        const bool is_last = communicator.rank() == communicator.size() - 1;
        for (int step = 0;; ++step) {
            reducer->add(gradients);
            if (is_last && step == 3) {
                if (way == "kill") {
                    std::raise(SIGKILL);
                }
                throw std::runtime_error("injected");
            }
            reducer->finish();
        }
        return 0;
    });
}
