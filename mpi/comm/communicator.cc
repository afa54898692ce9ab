// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/communicator.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <thread>

#include <fmt/core.h>
#include <sched.h>

#include "lib/base/contract.h"
#include "mpi/comm/native.h"

namespace faintweb::comm {
namespace {

/// MPI counts are int: longer buffers travel in pieces.
constexpr std::size_t max_count = std::size_t{1} << 28;

/// Thrown from agree_or_throw into `collectively`. No exception of the usual kind, so that the work
/// does not take it for one.
struct FailedElsewhere {};

template <typename T>
void sum_in_place(const Communicator& communicator, std::span<T> values, MPI_Datatype type) {
    if (communicator.native() == nullptr) {
        return;
    }
    for (std::size_t first = 0; first < values.size(); first += max_count) {
        const auto n = static_cast<int>(std::min(max_count, values.size() - first));
        check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data() + first, n, type, MPI_SUM,
                                comm_of(communicator)),
                  "MPI_Allreduce");
    }
}

}  // namespace

std::unique_ptr<Communicator::Handle> make_handle(MPI_Comm comm) {
    auto handle = std::make_unique<Communicator::Handle>();
    handle->comm = comm;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm, &handle->rank);
    MPI_Comm_size(comm, &handle->size);
    MPI_Comm node = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, handle->rank, MPI_INFO_NULL, &node),
              "MPI_Comm_split_type");
    MPI_Comm_rank(node, &handle->local_rank);
    MPI_Comm_size(node, &handle->local_size);
    handle->is_one_host = handle->local_size == handle->size;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    sched_getaffinity(0, sizeof(mine), &mine);
    std::vector<cpu_set_t> all(static_cast<std::size_t>(handle->local_size));
    check_mpi(
        MPI_Allgather(&mine, sizeof(mine), MPI_BYTE, all.data(), sizeof(mine), MPI_BYTE, node),
        "MPI_Allgather");
    handle->n_sharing_cores = static_cast<int>(std::ranges::count_if(
        all, [&](const cpu_set_t& theirs) { return CPU_EQUAL(&theirs, &mine) != 0; }));
    MPI_Comm_free(&node);
    return handle;
}

Communicator::Communicator() = default;
Communicator::Communicator(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}

int Communicator::rank() const {
    return handle_ ? handle_->rank : 0;
}
int Communicator::size() const {
    return handle_ ? handle_->size : 1;
}
int Communicator::local_rank() const {
    return handle_ ? handle_->local_rank : 0;
}
int Communicator::local_size() const {
    return handle_ ? handle_->local_size : 1;
}
bool Communicator::has_launcher() const {
    return handle_ && handle_->has_launcher;
}
int Communicator::n_sharing_cores() const {
    return handle_ ? handle_->n_sharing_cores : 1;
}

bool Communicator::is_one_host() const {
    return !handle_ || handle_->is_one_host;
}

const void* Communicator::native() const {
    return handle_ ? &handle_->comm : nullptr;
}

void Communicator::barrier() const {
    if (handle_) {
        check_mpi(MPI_Barrier(handle_->comm), "MPI_Barrier");
    }
}

void Communicator::wait_for_all() const {
    if (!handle_) {
        return;
    }
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibarrier(handle_->comm, &request), "MPI_Ibarrier");
    for (int is_done = 0;;) {
        check_mpi(MPI_Test(&request, &is_done, MPI_STATUS_IGNORE), "MPI_Test");
        if (is_done != 0) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void Communicator::broadcast(std::string& text) const {
    if (!handle_) {
        return;
    }
    std::int64_t length = static_cast<std::int64_t>(text.size());
    check_mpi(MPI_Bcast(&length, 1, MPI_INT64_T, 0, handle_->comm), "MPI_Bcast");
    text.resize(static_cast<std::size_t>(length));
    for (std::size_t first = 0; first < text.size(); first += max_count) {
        const auto n = static_cast<int>(std::min(max_count, text.size() - first));
        check_mpi(MPI_Bcast(text.data() + first, n, MPI_BYTE, 0, handle_->comm), "MPI_Bcast");
    }
}

std::vector<std::string> Communicator::all_gather_bytes(const std::string& text) const {
    if (!handle_) {
        return {text};
    }
    const auto length = static_cast<int>(text.size());
    std::vector<int> lengths(static_cast<std::size_t>(handle_->size));
    check_mpi(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, handle_->comm),
              "MPI_Allgather");
    std::vector<int> starts(lengths.size());
    std::exclusive_scan(lengths.begin(), lengths.end(), starts.begin(), 0);
    std::string all(static_cast<std::size_t>(starts.back() + lengths.back()), '\0');
    check_mpi(MPI_Allgatherv(text.data(), length, MPI_BYTE, all.data(), lengths.data(),
                             starts.data(), MPI_BYTE, handle_->comm),
              "MPI_Allgatherv");
    std::vector<std::string> texts;
    for (std::size_t r = 0; r < lengths.size(); ++r) {
        texts.push_back(
            all.substr(static_cast<std::size_t>(starts[r]), static_cast<std::size_t>(lengths[r])));
    }
    return texts;
}

void Communicator::sum(std::span<float> values) const {
    sum_in_place(*this, values, MPI_FLOAT);
}
void Communicator::sum(std::span<double> values) const {
    sum_in_place(*this, values, MPI_DOUBLE);
}
void Communicator::sum(std::span<std::int64_t> values) const {
    sum_in_place(*this, values, MPI_INT64_T);
}

std::int64_t Communicator::max(std::int64_t value) const {
    if (handle_) {
        check_mpi(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_MAX, handle_->comm),
                  "MPI_Allreduce");
    }
    return value;
}

std::vector<std::vector<std::byte>> Communicator::exchange(
    const std::vector<std::vector<std::byte>>& parts) const {
    FAINTWEB_EXPECTS(parts.size() == static_cast<std::size_t>(size()));
    if (!handle_) {
        return parts;
    }
    std::vector<std::int64_t> sizes_out;
    for (const auto& part : parts) {
        sizes_out.push_back(static_cast<std::int64_t>(part.size()));
    }
    std::vector<std::int64_t> sizes_in(parts.size());
    check_mpi(MPI_Alltoall(sizes_out.data(), 1, MPI_INT64_T, sizes_in.data(), 1, MPI_INT64_T,
                           handle_->comm),
              "MPI_Alltoall");
    std::vector<std::vector<std::byte>> received;
    for (const std::int64_t size : sizes_in) {
        received.emplace_back(static_cast<std::size_t>(size));
    }
    exchange(std::vector<std::span<const std::byte>>(parts.begin(), parts.end()),
             std::vector<std::span<std::byte>>(received.begin(), received.end()));
    return received;
}

void Communicator::exchange(const std::vector<std::span<const std::byte>>& sent,
                            const std::vector<std::span<std::byte>>& received) const {
    const auto n_ranks = static_cast<std::size_t>(size());
    FAINTWEB_EXPECTS(sent.size() == n_ranks && received.size() == n_ranks);
    const auto own = static_cast<std::size_t>(rank());
    FAINTWEB_EXPECTS(sent[own].size() == received[own].size());
    // Point to point, not MPI_Alltoallv: its displacements are int, and the total may pass 2 GiB.
    // Pieces of one pair of ranks stay in order.
    constexpr int tag = 11;
    std::vector<MPI_Request> requests;
    for (std::size_t distance = 1; distance < n_ranks; ++distance) {
        const std::size_t from = (own + n_ranks - distance) % n_ranks;
        for (std::size_t first = 0; first < received[from].size(); first += max_count) {
            const auto piece =
                received[from].subspan(first, std::min(max_count, received[from].size() - first));
            check_mpi(
                MPI_Irecv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE,
                          static_cast<int>(from), tag, handle_->comm, &requests.emplace_back()),
                "MPI_Irecv");
        }
    }
    for (std::size_t distance = 1; distance < n_ranks; ++distance) {
        const std::size_t to = (own + distance) % n_ranks;
        for (std::size_t first = 0; first < sent[to].size(); first += max_count) {
            const auto piece =
                sent[to].subspan(first, std::min(max_count, sent[to].size() - first));
            check_mpi(MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE,
                                static_cast<int>(to), tag, handle_->comm, &requests.emplace_back()),
                      "MPI_Isend");
        }
    }
    std::ranges::copy(sent[own], received[own].begin());
    if (requests.empty()) {
        return;
    }
    check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE),
              "MPI_Waitall");
}

Communicator Communicator::split(int group) const {
    if (!handle_) {
        return *this;
    }
    MPI_Comm comm = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split(handle_->comm, group, handle_->rank, &comm), "MPI_Comm_split");
    std::unique_ptr<Handle> handle = make_handle(comm);
    // The other groups work at the same time: who takes which GPU and core is agreed by all.
    handle->local_rank = handle_->local_rank;
    handle->local_size = handle_->local_size;
    handle->n_sharing_cores = handle_->n_sharing_cores;
    handle->has_launcher = handle_->has_launcher;
    return Communicator(std::shared_ptr<Handle>(handle.release(), [](Handle* last) {
        MPI_Comm_free(&last->comm);
        delete last;
    }));
}

void collectively(const Communicator& communicator, const std::function<void()>& work) {
    std::string failure;
    bool is_known = false;
    const auto tell = [&](base::ExitCode code, const char* message) {
        failure = fmt::format("{} {}", static_cast<int>(code), message);
    };
    try {
        work();
    } catch (const FailedElsewhere&) {
        is_known = true;
    } catch (const base::Error& error) {
        tell(error.code(), error.what());
    } catch (const std::exception& error) {
        tell(base::ExitCode::internal, error.what());
    }
    if (!is_known && communicator.max(failure.empty() ? 0 : 1) == 0) {
        return;
    }
    for (const std::string& theirs : communicator.all_gather(failure)) {
        if (!theirs.empty()) {
            throw CollectiveError(static_cast<base::ExitCode>(std::stoi(theirs)),
                                  theirs.substr(theirs.find(' ') + 1));
        }
    }
}

void agree_or_throw(const Communicator& communicator) {
    // A rank that has failed is in `collectively`, and asks the same there.
    if (communicator.max(0) != 0) {
        throw FailedElsewhere();
    }
}

void on_root(const Communicator& communicator, const std::function<void()>& work) {
    collectively(communicator, [&] {
        if (communicator.is_root()) {
            work();
        }
    });
}

}  // namespace faintweb::comm
