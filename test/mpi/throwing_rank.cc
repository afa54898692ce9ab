// Runs forever on every rank but one, which throws: what an unexpected error in a long run looks
// like.

#include <chrono>
#include <stdexcept>
#include <thread>

#include "mpi/session.h"

int main(int argc, char** argv) {
    faintweb::mpi::Session session(argc, argv);
    return session.run([](faintweb::mpi::Communicator& communicator) {
        if (communicator.rank() == communicator.size() - 1) {
            throw std::runtime_error("injected");
        }
        communicator.barrier();
        std::this_thread::sleep_for(std::chrono::hours(1));
        return 0;
    });
}
