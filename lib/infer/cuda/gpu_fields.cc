// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/infer/cuda/gpu_fields.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "lib/base/error.h"
#include "lib/infer/cuda/field_kernels.h"

namespace faintweb::infer::cuda {
namespace {

/// Enough that some are copied while others are computed; each takes some 300 MB there, in fp32 1
/// GB.
constexpr int n_slots = 6;

void check(cudaError_t code, const char* call) {
    if (code != cudaSuccess) {
        throw base::Error(base::ExitCode::internal,
                          std::string(call) + " failed: " + cudaGetErrorString(code));
    }
}

}  // namespace

/// What one field needs on its way.
struct GpuFields::Slot {
    c10::cuda::CUDAStream stream;
    at::Tensor pinned;  ///< [n_pixels]
};

/// Holds a slot as long as it lives.
class GpuFields::SlotLock {
  public:
    explicit SlotLock(GpuFields& fields) : fields_(fields) {
        std::unique_lock lock(fields_.mutex_);
        fields_.is_free_.wait(lock, [this] { return !fields_.free_.empty(); });
        slot_ = std::move(fields_.free_.back());
        fields_.free_.pop_back();
    }
    ~SlotLock() {
        const std::scoped_lock lock(fields_.mutex_);
        fields_.free_.push_back(std::move(slot_));
        fields_.is_free_.notify_one();
    }
    SlotLock(const SlotLock&) = delete;
    SlotLock& operator=(const SlotLock&) = delete;

    Slot& operator*() const { return *slot_; }

  private:
    GpuFields& fields_;
    std::unique_ptr<Slot> slot_;
};

GpuFields::GpuFields(const Settings& settings, const ForwardPass& pass)
    : settings_(settings), pass_(pass) {
    for (int i = 0; i < n_slots; ++i) {
        free_.push_back(std::make_unique<Slot>(
            Slot{c10::cuda::getStreamFromPool(
                     /*isHighPriority=*/false, static_cast<c10::DeviceIndex>(settings.gpu)),
                 {}}));
    }
    // The weights were made in the default stream, for which these do not wait.
    const c10::cuda::CUDAGuard on_its_gpu(static_cast<c10::DeviceIndex>(settings.gpu));
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
}
GpuFields::~GpuFields() = default;

std::vector<float> GpuFields::logits(const image::Image& wide,
                                     const tile::TileGrid& grid,
                                     const tile::FieldStatistics& statistics) {
    const SlotLock lock(*this);
    Slot& slot = *lock;
    const c10::cuda::CUDAStreamGuard in_stream(slot.stream);
    const c10::InferenceMode inference;
    const cudaStream_t stream = slot.stream;
    const auto gpu = at::TensorOptions(slot.stream.device()).dtype(at::ScalarType::Float);
    const std::size_t n_bytes = wide.pixels.size() * sizeof(float);
    if (!slot.pinned.defined() || slot.pinned.nbytes() < n_bytes) {
        slot.pinned =
            at::empty({std::ssize(wide.pixels)},
                      at::TensorOptions().dtype(at::ScalarType::Float).pinned_memory(true));
    }
    if (settings_.scaling == tile::Scaling::asinh_local) {
        tile::to_local_sigma(wide, statistics.noise,
                             {slot.pinned.mutable_data_ptr<float>(), wide.pixels.size()});
    } else {
        std::memcpy(slot.pinned.mutable_data_ptr(), wide.pixels.data(), n_bytes);
    }
    const at::Tensor pixels = at::empty({std::ssize(wide.pixels)}, gpu);
    check(cudaMemcpyAsync(pixels.mutable_data_ptr(), slot.pinned.const_data_ptr(), n_bytes,
                          cudaMemcpyHostToDevice, stream),
          "cudaMemcpyAsync");
    const DeviceField field{pixels.const_data_ptr<float>(), grid, settings_.margin_px};
    const std::int64_t edge = settings_.tile_px + 2 * settings_.margin_px;
    const std::int64_t n_batches = (grid.count() + settings_.batch_size - 1) / settings_.batch_size;
    const at::Tensor tiles = at::empty({n_batches * settings_.batch_size, 1, edge, edge}, gpu);
    scale_and_cut(field,
                  tile::pixel_scaling(settings_.scaling, statistics.range, statistics.robust),
                  tiles.mutable_data_ptr<float>(), stream);
    // Another batch size may take another kernel, with other rounding.
    tiles.narrow(0, grid.count(), tiles.size(0) - grid.count()).zero_();
    std::vector<at::Tensor> logits;
    for (const at::Tensor& batch : tiles.split(settings_.batch_size)) {
        logits.push_back(pass_.logits(pass_.features(batch)));
    }
    check(cudaGetLastError(), "a CUDA kernel");

    std::vector<float> found;
    for (const at::Tensor& batch : logits) {
        const at::Tensor some = batch.to(at::DeviceType::CPU);
        found.insert(found.end(), some.const_data_ptr<float>(),
                     some.const_data_ptr<float>() + some.numel());
    }
    found.resize(static_cast<std::size_t>(grid.count() * logits.front().size(1)));
    return found;
}

}  // namespace faintweb::infer::cuda
