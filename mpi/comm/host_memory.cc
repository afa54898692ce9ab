// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/host_memory.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "mpi/comm/native.h"

namespace faintweb::comm {
namespace {

/// POSIX shared memory that rank 0 makes. Its name is gone before there is anything in it, so that
/// none is left behind by a rank that dies.
class HostMemory final : public learn::SharedMemory {
  public:
    explicit HostMemory(const Communicator& communicator)
        : communicator_(communicator), comm_(comm_of(communicator)) {
        FAINTWEB_EXPECTS(communicator.is_one_host());
    }
    ~HostMemory() override {
        for (const std::span<std::byte> block : blocks_) {
            ::munmap(block.data(), block.size());
        }
    }
    HostMemory(const HostMemory&) = delete;
    HostMemory& operator=(const HostMemory&) = delete;

    int n_parts() const override { return communicator_.size(); }
    int part() const override { return communicator_.rank(); }

    std::span<std::byte> allocate(std::size_t n_bytes) override {
        FAINTWEB_EXPECTS(n_bytes > 0);
        std::string name;
        int file = -1;
        if (communicator_.is_root()) {
            // The time too: a process of another container may have this number.
            name = fmt::format("/faintweb-{}-{}", ::getpid(),
                               std::chrono::system_clock::now().time_since_epoch().count());
            file = ::shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
        }
        communicator_.broadcast(name);
        if (!communicator_.is_root()) {
            file = ::shm_open(name.c_str(), O_RDWR, 0600);
        }
        bool is_there = all(file >= 0);
        if (communicator_.is_root()) {
            ::shm_unlink(name.c_str());
        }
        is_there = is_there && all(!communicator_.is_root() || reserve(file, n_bytes));
        void* memory = MAP_FAILED;
        if (is_there) {
            memory = ::mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            is_there = all(memory != MAP_FAILED);
        }
        if (file >= 0) {
            ::close(file);
        }
        if (memory == MAP_FAILED) {
            return {};
        }
        // One that not all have is of no use, and goes with this object.
        const std::span<std::byte> block =
            blocks_.emplace_back(static_cast<std::byte*>(memory), n_bytes);
        return is_there ? block : std::span<std::byte>();
    }

    void meet() override {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        check_mpi(MPI_Barrier(comm_), "MPI_Barrier");
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }

  private:
    bool all(bool is_well) const { return communicator_.max(is_well ? 0 : 1) == 0; }

    /// A process that touched more pages than there are would be killed.
    static bool reserve(int file, std::size_t n_bytes) {
        int failure = 0;
        do {
            failure = ::posix_fallocate(file, 0, static_cast<off_t>(n_bytes));
        } while (failure == EINTR);
        return failure == 0;
    }

    Communicator communicator_;  // keeps comm_
    MPI_Comm comm_;
    std::vector<std::span<std::byte>> blocks_;
};

}  // namespace

std::unique_ptr<learn::SharedMemory> make_host_memory(const Communicator& communicator) {
    return std::make_unique<HostMemory>(communicator);
}

}  // namespace faintweb::comm
