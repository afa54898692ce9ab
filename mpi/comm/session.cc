// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/session.h"

#include <fmt/core.h>

#ifdef FAINTWEB_CUDA
#include <nccl.h>
#endif
#include <array>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "lib/base/log.h"
#include "mpi/comm/native.h"

namespace faintweb::comm {
namespace {

std::shared_ptr<Communicator::Handle> make_world(bool has_launcher) {
    // A copy of the world, so that no library's messages mix with ours.
    MPI_Comm comm = MPI_COMM_NULL;
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
    std::shared_ptr<Communicator::Handle> world = make_handle(comm);
    world->has_launcher = has_launcher;
    return world;
}

/// Lets MPI_Init make a world of one, whoever started the process.
void be_world_of_one() {
    // Open MPI takes whoever has this for a task that Slurm tells of the others, and ends it if
    // Slurm does not.
    ::unsetenv("SLURM_NODELIST");
    // Nor does it need the daemon that it would start beside the process.
    ::setenv("OMPI_MCA_ess_singleton_isolated", "1", /*overwrite=*/0);
}

/// One line with rank and host, then the end of the job.
[[noreturn]] void abort_job(const Communicator& world,
                            base::ExitCode code,
                            const std::string& message) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    base::log_error(world.size() > 1
                        ? fmt::format("{} [rank {} on {}]", message, world.rank(), host.data())
                        : message);
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
    std::_Exit(static_cast<int>(code));
}

}  // namespace

Session::Session(int& argc, char**& argv) {
    // Before MPI, which may set some of it for itself.
    const bool has_launcher = read_launch().has_world;
    if (!has_launcher) {
        be_world_of_one();
    }
    int provided = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    world_ = Communicator(make_world(has_launcher));
    base::configure_log(world_.size() > 1 ? fmt::format("rank {}", world_.rank()) : "",
                        base::LogLevel::info);
    if (provided < MPI_THREAD_SERIALIZED) {
        abort_job(world_, base::ExitCode::internal,
                  "this MPI offers no MPI_THREAD_SERIALIZED, use one that does");
    }
}

Session::~Session() {
    MPI_Comm comm = comm_of(world_);
    MPI_Comm_free(&comm);
    MPI_Finalize();
}

int Session::run(const std::function<int(Communicator&)>& program) {
    try {
        const int code = program(world_);
        return static_cast<int>(world_.max(code));
    } catch (const CollectiveError& error) {
        if (world_.is_root()) {
            base::log_error(error.what());
        }
        return static_cast<int>(error.code());
    } catch (const base::Error& error) {
        if (world_.size() == 1) {
            base::log_error(error.what());
            if (error.code() == base::ExitCode::disk) {
                // HDF5 crashes in MPI_Finalize if it cannot write what it still holds of a file.
                std::fflush(nullptr);
                std::_Exit(static_cast<int>(error.code()));
            }
            return static_cast<int>(error.code());
        }
        abort_job(world_, error.code(), error.what());
    } catch (const std::bad_alloc&) {
        abort_job(world_, base::ExitCode::internal,
                  "out of memory; use fewer ranks per node or smaller fields (field_px)");
    } catch (const std::exception& error) {
        abort_job(world_, base::ExitCode::internal, error.what());
    }
}

int run_without_mpi(const std::function<base::ExitCode(const Launch&)>& program) {
    const Launch launch = read_launch();
    const auto end = [&](base::ExitCode code, const std::string& message) {
        if (launch.rank == 0) {
            base::log_error(message);
        }
        return static_cast<int>(code);
    };
    try {
        return static_cast<int>(program(launch));
    } catch (const base::Error& error) {
        return end(error.code(), error.what());
    } catch (const std::bad_alloc&) {
        return end(base::ExitCode::internal, "out of memory; use a machine that has more");
    } catch (const std::exception& error) {
        return end(base::ExitCode::internal, error.what());
    }
}

std::string mpi_version() {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    MPI_Get_library_version(text.data(), &length);
    const std::string_view whole(text.data(), static_cast<std::size_t>(length));
    return std::string(whole.substr(0, whole.find(',')));
}

std::string nccl_version() {
#ifdef FAINTWEB_CUDA
    int version = 0;
    ncclGetVersion(&version);
    return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
#else
    return "";
#endif
}

}  // namespace faintweb::comm
