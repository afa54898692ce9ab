#include "mpi/host_memory.h"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <system_error>
#include <vector>

#include "lib/base/contract.h"
#include "mpi/native.h"

namespace faintweb::mpi {
namespace {

/// Windows of MPI, each wholly in the segment of rank 0.
class HostMemory final : public learn::SharedMemory {
  public:
    explicit HostMemory(const Communicator& communicator)
        : communicator_(communicator), comm_(comm_of(communicator)) {
        FAINTWEB_EXPECTS(communicator.is_one_host());
    }
    ~HostMemory() override {
        // Collective: a rank that leaves with an error is alone, and the job ends.
        if (std::uncaught_exceptions() == 0) {
            for (MPI_Win& window : windows_) {
                MPI_Win_unlock_all(window);
                MPI_Win_free(&window);
            }
        }
    }
    HostMemory(const HostMemory&) = delete;
    HostMemory& operator=(const HostMemory&) = delete;

    int n_parts() const override { return communicator_.size(); }
    int part() const override { return communicator_.rank(); }

    std::span<std::byte> allocate(std::size_t n_bytes) override {
        FAINTWEB_EXPECTS(n_bytes > 0);
        constexpr std::size_t alignment = 64;
        const std::size_t n_padded = n_bytes + alignment;
        if (communicator_.max(has_room(n_padded) ? 0 : 1) != 0) {
            return {};
        }
        void* memory = nullptr;
        MPI_Win& window = windows_.emplace_back();
        check_mpi(
            MPI_Win_allocate_shared(communicator_.is_root() ? static_cast<MPI_Aint>(n_padded) : 0,
                                    1,
                                    MPI_INFO_NULL,
                                    comm_,
                                    &memory,
                                    &window),
            "MPI_Win_allocate_shared");
        MPI_Aint n_there = 0;
        int unit = 0;
        check_mpi(MPI_Win_shared_query(window, 0, &n_there, &unit, &memory),
                  "MPI_Win_shared_query");
        check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window), "MPI_Win_lock_all");
        // Segments begin at pages, so that this is the same place on every rank.
        std::size_t n_left = n_padded;
        void* aligned = std::align(alignment, n_bytes, memory, n_left);
        return {static_cast<std::byte*>(aligned), n_bytes};
    }

    void meet() override {
        sync();
        check_mpi(MPI_Barrier(comm_), "MPI_Barrier");
        sync();
    }

  private:
    /// Open MPI keeps windows in /dev/shm. Where there is too little of it, as in a container, its
    /// rank 0 fails alone and the others wait for ever.
    static bool has_room(std::size_t n_bytes) {
        constexpr std::uintmax_t spare = std::uintmax_t{4} << 20U;
        std::error_code unknown;
        const std::filesystem::space_info space = std::filesystem::space("/dev/shm", unknown);
        return unknown || space.available >= n_bytes + spare;
    }

    void sync() {
        for (const MPI_Win window : windows_) {
            check_mpi(MPI_Win_sync(window), "MPI_Win_sync");
        }
    }

    Communicator communicator_;  // keeps comm_
    MPI_Comm comm_;
    std::vector<MPI_Win> windows_;
};

}  // namespace

std::unique_ptr<learn::SharedMemory> make_host_memory(const Communicator& communicator) {
    return std::make_unique<HostMemory>(communicator);
}

}  // namespace faintweb::mpi
