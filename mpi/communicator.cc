#include "mpi/communicator.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "lib/base/contract.h"
#include "lib/base/text.h"
#include "mpi/native.h"

namespace faintweb::mpi {
namespace {

/// MPI counts are int: longer buffers travel in pieces.
constexpr std::size_t max_count = std::size_t{1} << 28;

template <typename T>
void sum_in_place(const Communicator& communicator, std::span<T> values, MPI_Datatype type) {
    if (communicator.native() == nullptr) {
        return;
    }
    for (std::size_t first = 0; first < values.size(); first += max_count) {
        const auto n = static_cast<int>(std::min(max_count, values.size() - first));
        check_mpi(MPI_Allreduce(
                      MPI_IN_PLACE, values.data() + first, n, type, MPI_SUM, comm_of(communicator)),
                  "MPI_Allreduce");
    }
}

}  // namespace

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
int Communicator::n_sharing_cores() const {
    return handle_ ? handle_->n_sharing_cores : 1;
}

const void* Communicator::native() const {
    return handle_ ? &handle_->comm : nullptr;
}

void Communicator::barrier() const {
    if (handle_) {
        check_mpi(MPI_Barrier(handle_->comm), "MPI_Barrier");
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

std::vector<std::string> Communicator::gather(const std::string& text) const {
    std::vector<std::string> texts = all_gather(text);
    if (!is_root()) {
        texts.clear();
    }
    return texts;
}

std::vector<std::string> Communicator::all_gather(const std::string& text) const {
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
    check_mpi(MPI_Allgatherv(text.data(),
                             length,
                             MPI_BYTE,
                             all.data(),
                             lengths.data(),
                             starts.data(),
                             MPI_BYTE,
                             handle_->comm),
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
    // Point to point, not MPI_Alltoallv: its displacements are int, and the total may pass 2 GiB.
    const int n_ranks = handle_->size;
    std::vector<std::int64_t> sizes_out;
    for (const auto& part : parts) {
        FAINTWEB_EXPECTS(part.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
        sizes_out.push_back(static_cast<std::int64_t>(part.size()));
    }
    std::vector<std::int64_t> sizes_in(parts.size());
    check_mpi(MPI_Alltoall(
                  sizes_out.data(), 1, MPI_INT64_T, sizes_in.data(), 1, MPI_INT64_T, handle_->comm),
              "MPI_Alltoall");
    std::vector<std::vector<std::byte>> received(parts.size());
    std::vector<MPI_Request> requests;
    constexpr int tag = 11;
    for (int r = 0; r < n_ranks; ++r) {
        auto& part = received[static_cast<std::size_t>(r)];
        part.resize(static_cast<std::size_t>(sizes_in[static_cast<std::size_t>(r)]));
        check_mpi(MPI_Irecv(part.data(),
                            static_cast<int>(part.size()),
                            MPI_BYTE,
                            r,
                            tag,
                            handle_->comm,
                            &requests.emplace_back()),
                  "MPI_Irecv");
    }
    for (int r = 0; r < n_ranks; ++r) {
        const auto& part = parts[static_cast<std::size_t>(r)];
        check_mpi(MPI_Isend(part.data(),
                            static_cast<int>(part.size()),
                            MPI_BYTE,
                            r,
                            tag,
                            handle_->comm,
                            &requests.emplace_back()),
                  "MPI_Isend");
    }
    check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE),
              "MPI_Waitall");
    return received;
}

void together(const Communicator& communicator, const std::function<void()>& work) {
    std::string failure;
    const auto tell = [&](base::ExitCode code, const char* message) {
        failure = base::text(static_cast<int>(code), ' ', message);
    };
    try {
        work();
    } catch (const base::Error& error) {
        tell(error.code(), error.what());
    } catch (const std::exception& error) {
        tell(base::ExitCode::internal, error.what());
    }
    if (communicator.max(failure.empty() ? 0 : 1) == 0) {
        return;
    }
    for (const std::string& theirs : communicator.all_gather(failure)) {
        if (!theirs.empty()) {
            throw AgreedError(static_cast<base::ExitCode>(std::stoi(theirs)),
                              theirs.substr(theirs.find(' ') + 1));
        }
    }
}

std::string from_root(const Communicator& communicator,
                      const std::function<std::string()>& compute) {
    std::string text;
    together(communicator, [&] {
        if (communicator.is_root()) {
            text = compute();
        }
    });
    communicator.broadcast(text);
    return text;
}

}  // namespace faintweb::mpi
