#include "mpi/host_memory.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/text.h"
#include "mpi/native.h"

namespace faintweb::mpi {
namespace {

/// Reserves what it makes: a process that touched more pages than there are would be killed.
///
/// @param is_new  whether to make the memory; else that of the name is taken.
/// @return        null if there is no such memory, or not as much.
void* map_memory(const std::string& name, std::size_t n_bytes, bool is_new) {
    const int file = ::shm_open(name.c_str(), O_RDWR | (is_new ? O_CREAT | O_EXCL : 0), 0600);
    if (file < 0) {
        return nullptr;
    }
    int failure = 0;
    do {
        failure = is_new ? ::posix_fallocate(file, 0, static_cast<off_t>(n_bytes)) : 0;
    } while (failure == EINTR);
    void* memory = MAP_FAILED;
    if (failure == 0) {
        memory = ::mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    ::close(file);
    return memory == MAP_FAILED ? nullptr : memory;
}

/// POSIX shared memory that rank 0 makes. Its name is gone as soon as all ranks have it, so that
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
        const bool is_root = communicator_.is_root();
        std::string name;
        void* memory = nullptr;
        if (is_root) {
            // The time too: a process of another container may have this number.
            name = base::text("/faintweb-",
                              ::getpid(),
                              "-",
                              std::chrono::system_clock::now().time_since_epoch().count());
            memory = map_memory(name, n_bytes, /*is_new=*/true);
        }
        communicator_.broadcast(name);
        if (!is_root) {
            memory = map_memory(name, n_bytes, /*is_new=*/false);
        }
        const bool has_everyone = communicator_.max(memory == nullptr ? 1 : 0) == 0;
        if (is_root) {
            ::shm_unlink(name.c_str());
        }
        if (memory != nullptr && !has_everyone) {
            ::munmap(memory, n_bytes);
        }
        if (!has_everyone) {
            return {};
        }
        return blocks_.emplace_back(static_cast<std::byte*>(memory), n_bytes);
    }

    void meet() override {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        check_mpi(MPI_Barrier(comm_), "MPI_Barrier");
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }

  private:
    Communicator communicator_;  // keeps comm_
    MPI_Comm comm_;
    std::vector<std::span<std::byte>> blocks_;
};

}  // namespace

std::unique_ptr<learn::SharedMemory> make_host_memory(const Communicator& communicator) {
    return std::make_unique<HostMemory>(communicator);
}

}  // namespace faintweb::mpi
