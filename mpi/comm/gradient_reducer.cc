// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/gradient_reducer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/log.h"
#include "mpi/comm/host_memory.h"
#include "mpi/comm/native.h"
#ifdef FAINTWEB_CUDA
#include "mpi/comm/nccl_reducer.h"
#endif

namespace faintweb::comm {
namespace {

/// The bits of a float32 rounded to bfloat16, to nearest even; no number stays no number.
void to_wire(float value, std::uint16_t& bits) {
    const auto whole = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t rounded = (whole + 0x7FFFU + ((whole >> 16U) & 1U)) >> 16U;
    bits = static_cast<std::uint16_t>(std::isnan(value) ? 0x7FC0U : rounded);
}
float from_wire(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}
void to_wire(float value, float& sent) {
    sent = value;
}
float from_wire(float sent) {
    return sent;
}

/// Of one rank.
class IdentityReducer final : public GradientReducer {
  public:
    /// @param memory  where it can be trained in, as of several ranks; or null.
    explicit IdentityReducer(std::unique_ptr<learn::SharedMemory> memory)
        : memory_(std::move(memory)) {}
    learn::SharedMemory* shared_memory() override { return memory_.get(); }

  private:
    void start(std::span<float> /*piece*/) override {}
    void wait() override {}

    std::unique_ptr<learn::SharedMemory> memory_;
};

/// Sum of two bf16 vectors, for MPI.
void sum_bf16(void* in, void* in_out, int* n, MPI_Datatype* /*type*/) {
    const auto* theirs = static_cast<const std::uint16_t*>(in);
    auto* sums = static_cast<std::uint16_t*>(in_out);
    for (int i = 0; i < *n; ++i) {
        to_wire(from_wire(sums[i]) + from_wire(theirs[i]), sums[i]);
    }
}

/// Between hosts. With bf16 the partial sums are rounded as well.
class MpiReducer final : public GradientReducer {
  public:
    MpiReducer(const Communicator& communicator, Wire wire)
        : communicator_(communicator), wire_(wire) {
        check_mpi(MPI_Op_create(sum_bf16, /*commute=*/1, &sum_bf16_), "MPI_Op_create");
    }
    ~MpiReducer() override { MPI_Op_free(&sum_bf16_); }

  private:
    bool is_background() const override { return true; }

    void start(std::span<float> piece) override {
        if (wire_ == Wire::fp32) {
            reduce(piece.data(), piece.size(), MPI_FLOAT, MPI_SUM);
            return;
        }
        std::vector<std::uint16_t>& rounded = rounded_.emplace_back(piece.size());
        pieces_.push_back(piece);
        for (std::size_t i = 0; i < piece.size(); ++i) {
            to_wire(piece[i], rounded[i]);
        }
        reduce(rounded.data(), rounded.size(), MPI_UINT16_T, sum_bf16_);
    }

    template <typename T>
    void reduce(T* values, std::size_t n_values, MPI_Datatype type, MPI_Op sum) {
        constexpr std::size_t max_count = std::size_t{1} << 28;
        for (std::size_t first = 0; first < n_values; first += max_count) {
            check_mpi(MPI_Iallreduce(MPI_IN_PLACE, values + first,
                                     static_cast<int>(std::min(max_count, n_values - first)), type,
                                     sum, comm_of(communicator_), &requests_.emplace_back()),
                      "MPI_Iallreduce");
        }
    }

    void wait() override {
        check_mpi(
            MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitall");
        requests_.clear();
        for (std::size_t p = 0; p < pieces_.size(); ++p) {
            std::ranges::transform(rounded_[p], pieces_[p].begin(),
                                   [](std::uint16_t bits) { return from_wire(bits); });
        }
        rounded_.clear();
        pieces_.clear();
    }

    Communicator communicator_;
    Wire wire_;
    MPI_Op sum_bf16_ = MPI_OP_NULL;
    std::vector<MPI_Request> requests_;
    std::vector<std::vector<std::uint16_t>> rounded_;
    std::vector<std::span<float>> pieces_;
};

/// On every rank alike: the host has not the memory that its ranks would share.
class TooLittleMemory : public base::UsageError {
  public:
    using UsageError::UsageError;
};

/// Ranks of one host, through memory that all of them see.
///
/// Pieces pass in chunks that stay in the cache: each rank writes its chunk there, sums
/// its part of everybody's, and reads all the sums. The ranks' cores do the work, so that
/// nothing would be won by starting before finish().
template <typename OnWire>
class SharedReducer final : public GradientReducer {
  public:
    explicit SharedReducer(const Communicator& communicator)
        : memory_(make_host_memory(communicator)),
          rank_(static_cast<std::size_t>(communicator.rank())),
          n_ranks_(static_cast<std::size_t>(communicator.size())) {
        const std::size_t n_bytes = n_ranks_ * 2 * chunk_size * sizeof(OnWire);
        slots_ = memory_->allocate(n_bytes);
        if (slots_.empty()) {
            throw TooLittleMemory(fmt::format(
                "reducer 'shared' cannot be used (/dev/shm has less than {} MB left, or the ranks "
                "do not see the same), enlarge it or choose 'mpi' for parallel.reducer",
                n_bytes >> 20U));
        }
    }

    learn::SharedMemory* shared_memory() override { return memory_.get(); }

  private:
    /// Two halves of each rank's window take turns: one is filled while others read the other.
    static constexpr std::size_t chunk_size = std::size_t{1} << 20;

    void start(std::span<float> piece) override { pieces_.push_back(piece); }

    void wait() override {
        for (const std::span<float> piece : pieces_) {
            for (std::size_t first = 0; first < piece.size(); first += chunk_size) {
                sum(piece.subspan(first, std::min(chunk_size, piece.size() - first)));
            }
        }
        pieces_.clear();
    }

    void sum(std::span<float> chunk) {
        half_ = chunk_size - half_;
        const auto slot = [&](std::size_t r) {
            return reinterpret_cast<OnWire*>(slots_.data()) + 2 * chunk_size * r + half_;
        };
        const auto first_of = [&](std::size_t r) { return chunk.size() * r / n_ranks_; };
        OnWire* mine = slot(rank_);
        for (std::size_t i = 0; i < chunk.size(); ++i) {
            to_wire(chunk[i], mine[i]);
        }
        memory_->meet();
        // In the order of ranks, whoever sums.
        const std::size_t first = first_of(rank_);
        const std::size_t last = first_of(rank_ + 1);
        for (std::size_t r = 0; r < n_ranks_; ++r) {
            const OnWire* theirs = slot(r);
            for (std::size_t i = first; i < last; ++i) {
                chunk[i] = (r == 0 ? 0.0F : chunk[i]) + from_wire(theirs[i]);
            }
        }
        for (std::size_t i = first; i < last; ++i) {
            to_wire(chunk[i], mine[i]);
            chunk[i] = from_wire(mine[i]);
        }
        memory_->meet();
        for (std::size_t r = 0; r < n_ranks_; ++r) {
            const OnWire* theirs = slot(r);
            for (std::size_t i = first_of(r); i < first_of(r + 1) && r != rank_; ++i) {
                chunk[i] = from_wire(theirs[i]);
            }
        }
    }

    std::unique_ptr<learn::SharedMemory> memory_;
    std::size_t rank_;
    std::size_t n_ranks_;
    std::span<std::byte> slots_;  // [n_ranks, 2, chunk_size] of OnWire
    std::size_t half_ = 0;
    std::vector<std::span<float>> pieces_;
};

std::unique_ptr<GradientReducer> make_host_reducer(const Communicator& communicator,
                                                   const ReducerSettings& settings) {
    const bool is_one_host = communicator.is_one_host();
    if (communicator.size() == 1) {
        return std::make_unique<IdentityReducer>(settings.gpu < 0 && settings.kind != "mpi"
                                                     ? std::make_unique<learn::OwnMemory>()
                                                     : nullptr);
    }
    if (settings.kind == "shared" && !is_one_host) {
        throw base::UsageError(
            "reducer 'shared' cannot be used (the ranks are on several hosts), choose 'auto' or "
            "'mpi' for parallel.reducer");
    }
    if (settings.kind == "mpi" || !is_one_host) {
        return std::make_unique<MpiReducer>(communicator, settings.wire);
    }
    try {
        if (settings.wire == Wire::bf16) {
            return std::make_unique<SharedReducer<std::uint16_t>>(communicator);
        }
        return std::make_unique<SharedReducer<float>>(communicator);
    } catch (const TooLittleMemory& error) {
        if (settings.kind == "shared") {
            throw;
        }
        if (communicator.is_root()) {
            base::log_warning(
                fmt::format("{}; goes on with 'mpi' (slower, and other last bits of the weights)",
                            error.what()));
        }
        return std::make_unique<MpiReducer>(communicator, settings.wire);
    }
}

std::unique_ptr<GradientReducer> make_reducer(const Communicator& communicator,
                                              const ReducerSettings& settings) {
    constexpr std::array kinds = {"auto", "shared", "mpi", "nccl"};
    if (std::ranges::find(kinds, settings.kind) == kinds.end()) {
        throw base::UsageError("there is no reducer '" + settings.kind +
                               "'; choose one of: auto, shared, mpi, nccl");
    }
#ifdef FAINTWEB_CUDA
    if (settings.gpu >= 0) {
        if (settings.kind == "nccl" || (settings.kind == "auto" && communicator.size() > 1)) {
            return make_nccl_reducer(communicator, settings.gpu, settings.wire);
        }
        std::unique_ptr<GradientReducer> on_host = make_host_reducer(communicator, settings);
        return communicator.size() == 1 ? std::move(on_host)
                                        : make_staged_reducer(settings.gpu, std::move(on_host));
    }
#endif
    FAINTWEB_EXPECTS(settings.gpu < 0);
    if (settings.kind == "nccl") {
        throw base::UsageError(
            "reducer 'nccl' cannot be used (the network is trained on the CPU), choose 'auto' for "
            "parallel.reducer");
    }
    return make_host_reducer(communicator, settings);
}

}  // namespace

void GradientReducer::end_of_computing() {
    const double computed_s = watch_.lap();
    if (is_adding_ && is_background()) {
        times_.hidden_s += computed_s;
    }
}

void GradientReducer::add(std::span<float> piece) {
    end_of_computing();
    start(piece);
    is_adding_ = true;
    times_.exposed_s += watch_.lap();
}

void GradientReducer::finish() {
    end_of_computing();
    wait();
    is_adding_ = false;
    times_.exposed_s += watch_.lap();
}

std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& communicator,
                                                       const ReducerSettings& settings) {
    std::unique_ptr<GradientReducer> reducer;
    collectively(communicator, [&] { reducer = make_reducer(communicator, settings); });
    return reducer;
}

}  // namespace faintweb::comm
