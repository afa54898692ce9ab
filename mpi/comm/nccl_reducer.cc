// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/nccl_reducer.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <cuda_runtime.h>
#include <fmt/core.h>
#include <nccl.h>

#include "lib/base/error.h"
#include "lib/learn/device.h"

namespace faintweb::comm {
namespace {

void check_cuda(cudaError_t code, const char* call) {
    if (code != cudaSuccess) {
        throw base::Error(base::ExitCode::internal,
                          std::string(call) + " failed: " + cudaGetErrorString(code));
    }
}

/// The default stream, on which gradients are made and used.
constexpr cudaStream_t default_stream = nullptr;

/// A stream beside the default one, and what orders the two.
class SideStream {
  public:
    explicit SideStream(int gpu) {
        check_cuda(cudaSetDevice(gpu), "cudaSetDevice");
        check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
                   "cudaStreamCreateWithFlags");
        check_cuda(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming),
                   "cudaEventCreateWithFlags");
    }
    ~SideStream() {
        cudaEventDestroy(event_);
        cudaStreamDestroy(stream_);
    }
    SideStream(const SideStream&) = delete;
    SideStream& operator=(const SideStream&) = delete;

    cudaStream_t get() const { return stream_; }
    /// What is queued here from now on comes after what the default stream holds.
    void follow_default() { order(default_stream, stream_); }
    /// The default stream goes on after what is queued here.
    void lead_default() { order(stream_, default_stream); }
    /// Whether all that was queued before the last lead_default() is done.
    bool is_done() const {
        const cudaError_t code = cudaEventQuery(event_);
        if (code != cudaErrorNotReady) {
            check_cuda(code, "cudaEventQuery");
        }
        return code == cudaSuccess;
    }

  private:
    void order(cudaStream_t first, cudaStream_t second) {
        check_cuda(cudaEventRecord(event_, first), "cudaEventRecord");
        check_cuda(cudaStreamWaitEvent(second, event_), "cudaStreamWaitEvent");
    }

    cudaStream_t stream_ = nullptr;
    cudaEvent_t event_ = nullptr;
};

/// Throws where two ranks have the same GPU: NCCL before 2.30 would hang or fail late.
void refuse_shared_gpus(const Communicator& communicator, int gpu) {
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, gpu), "cudaGetDeviceProperties");
    agree_or_throw(communicator);
    const std::vector<std::string> ids =
        communicator.all_gather(std::string(properties.uuid.bytes, sizeof(properties.uuid.bytes)));
    std::map<std::string, std::size_t> rank_of;
    for (std::size_t rank = 0; rank < ids.size(); ++rank) {
        const auto [other, is_new] = rank_of.emplace(ids[rank], rank);
        if (!is_new) {
            throw base::UsageError(fmt::format(
                "ranks {} and {} share one GPU (NCCL takes one rank per GPU), start as many ranks "
                "per host as it has GPUs or give --set parallel.reducer=shared",
                other->second, rank));
        }
    }
}

class NcclReducer final : public GradientReducer {
  public:
    NcclReducer(const Communicator& communicator, int gpu, Wire wire)
        : device_{learn::DeviceKind::cuda, gpu}, wire_(wire), stream_(gpu) {
        std::string id_text(sizeof(ncclUniqueId), '\0');
        ncclUniqueId id{};
        if (communicator.is_root()) {
            const ncclResult_t result = ncclGetUniqueId(&id);
            if (result != ncclSuccess) {
                fail("ncclGetUniqueId", result);
            }
            std::memcpy(id_text.data(), &id, sizeof(id));
        }
        agree_or_throw(communicator);
        communicator.broadcast(id_text);
        std::memcpy(&id, id_text.data(), sizeof(id));
        ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
        config.blocking = 0;
        settle("ncclCommInitRankConfig", ncclCommInitRankConfig(&comm_, communicator.size(), id,
                                                                communicator.rank(), &config));
    }
    ~NcclReducer() override {
        // Abort and not destroy: after an error other ranks may never come to finish with us.
        if (comm_ != nullptr) {
            ncclCommAbort(comm_);
        }
        for (const Rounded& rounded : rounded_) {
            cudaFree(rounded.bits);
        }
    }
    NcclReducer(const NcclReducer&) = delete;
    NcclReducer& operator=(const NcclReducer&) = delete;

  private:
    /// A piece's numbers on the wire, on the GPU.
    struct Rounded {
        std::uint16_t* bits = nullptr;
        std::size_t size = 0;
        std::span<float> piece{};
    };

    bool is_background() const override { return true; }

    void start(std::span<float> piece) override {
        void* values = piece.data();
        if (wire_ == Wire::bf16) {
            values = round(piece);
        }
        ++n_pieces_;
        stream_.follow_default();
        settle("ncclAllReduce", ncclAllReduce(values, values, piece.size(),
                                              wire_ == Wire::bf16 ? ncclBfloat16 : ncclFloat,
                                              ncclSum, comm_, stream_.get()));
    }

    /// Buffers are kept: the pieces of each step have the same sizes.
    std::uint16_t* round(std::span<float> piece) {
        if (n_pieces_ == rounded_.size()) {
            rounded_.emplace_back();
        }
        Rounded& rounded = rounded_[n_pieces_];
        if (rounded.size < piece.size()) {
            check_cuda(cudaFree(rounded.bits), "cudaFree");
            check_cuda(cudaMalloc(&rounded.bits, piece.size() * sizeof(std::uint16_t)),
                       "cudaMalloc");
            rounded.size = piece.size();
        }
        rounded.piece = piece;
        learn::to_bf16(device_, piece, rounded.bits);
        return rounded.bits;
    }

    void wait() override {
        stream_.lead_default();
        while (!stream_.is_done()) {
            ncclResult_t state = ncclSuccess;
            ncclCommGetAsyncError(comm_, &state);
            if (state != ncclSuccess && state != ncclInProgress) {
                fail("an all-reduce of NCCL", state);
            }
            std::this_thread::yield();
        }
        for (std::size_t p = 0; wire_ == Wire::bf16 && p < n_pieces_; ++p) {
            learn::from_bf16(device_, rounded_[p].bits, rounded_[p].piece);
        }
        n_pieces_ = 0;
    }

    /// Calls of a communicator that does not block may go on after they return.
    void settle(const char* call, ncclResult_t result) {
        while (result == ncclInProgress) {
            std::this_thread::yield();
            ncclCommGetAsyncError(comm_, &result);
        }
        if (result != ncclSuccess) {
            fail(call, result);
        }
    }

    [[noreturn]] void fail(const char* call, ncclResult_t result) {
        if (comm_ != nullptr) {
            ncclCommAbort(comm_);
            comm_ = nullptr;
        }
        throw base::Error(base::ExitCode::internal,
                          std::string(call) + " failed: " + ncclGetErrorString(result));
    }

    learn::Device device_;
    Wire wire_;
    SideStream stream_;
    ncclComm_t comm_ = nullptr;
    std::vector<Rounded> rounded_;
    std::size_t n_pieces_ = 0;
};

class StagedReducer final : public GradientReducer {
  public:
    StagedReducer(int gpu, std::unique_ptr<GradientReducer> on_host)
        : stream_(gpu), on_host_(std::move(on_host)) {}
    ~StagedReducer() override {
        for (const Stage& stage : stages_) {
            cudaFreeHost(stage.values);
        }
    }
    StagedReducer(const StagedReducer&) = delete;
    StagedReducer& operator=(const StagedReducer&) = delete;

  private:
    /// A piece's copy in host memory that the GPU can reach.
    struct Stage {
        float* values = nullptr;
        std::size_t size = 0;
        std::span<float> piece{};
    };

    /// Buffers are kept: the pieces of each step have the same sizes.
    void start(std::span<float> piece) override {
        if (n_pieces_ == stages_.size()) {
            stages_.emplace_back();
        }
        Stage& stage = stages_[n_pieces_++];
        if (stage.size < piece.size()) {
            check_cuda(cudaFreeHost(stage.values), "cudaFreeHost");
            check_cuda(cudaMallocHost(&stage.values, piece.size_bytes()), "cudaMallocHost");
            stage.size = piece.size();
        }
        stage.piece = piece;
        stream_.follow_default();
        check_cuda(cudaMemcpyAsync(stage.values, piece.data(), piece.size_bytes(),
                                   cudaMemcpyDeviceToHost, stream_.get()),
                   "cudaMemcpyAsync");
    }

    void wait() override {
        check_cuda(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize");
        const std::span<const Stage> used(stages_.data(), n_pieces_);
        for (const Stage& stage : used) {
            on_host_->add({stage.values, stage.piece.size()});
        }
        on_host_->finish();
        for (const Stage& stage : used) {
            check_cuda(cudaMemcpyAsync(stage.piece.data(), stage.values, stage.piece.size_bytes(),
                                       cudaMemcpyHostToDevice, stream_.get()),
                       "cudaMemcpyAsync");
        }
        stream_.lead_default();
        n_pieces_ = 0;
    }

    SideStream stream_;
    std::unique_ptr<GradientReducer> on_host_;
    std::vector<Stage> stages_;
    std::size_t n_pieces_ = 0;
};

}  // namespace

std::unique_ptr<GradientReducer> make_nccl_reducer(const Communicator& communicator,
                                                   int gpu,
                                                   Wire wire) {
    refuse_shared_gpus(communicator, gpu);
    return std::make_unique<NcclReducer>(communicator, gpu, wire);
}

std::unique_ptr<GradientReducer> make_staged_reducer(int gpu,
                                                     std::unique_ptr<GradientReducer> on_host) {
    return std::make_unique<StagedReducer>(gpu, std::move(on_host));
}

}  // namespace faintweb::comm
