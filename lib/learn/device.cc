#include "lib/learn/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::learn {
namespace {

/// Why there is no GPU to use; empty if there is one.
std::string missing_gpu_reason() {
#ifdef FAINTWEB_CUDA
    if (!at::globalContext().hasCUDA()) {
        return "no CUDA driver or GPU answers on this machine";
    }
    return "";
#else
    return "this faintweb was built without CUDA";
#endif
}

int n_gpus() {
    return at::detail::getCUDAHooks().getNumGPUs();
}

}  // namespace

std::string device_name(Device device) {
    return device.kind == DeviceKind::cpu ? "cpu" : base::text("cuda:", device.index);
}

Device choose_device(const std::string& wanted, int local_rank) {
    FAINTWEB_EXPECTS(local_rank >= 0);
    if (wanted != "auto" && wanted != "cpu" && wanted != "cuda") {
        throw base::UsageError("there is no device '" + wanted +
                               "'; choose one of: auto, cpu, cuda");
    }
    const std::string reason = wanted == "cpu" ? "" : missing_gpu_reason();
    if (wanted == "cuda" && !reason.empty()) {
        throw base::UsageError(
            "device 'cuda' cannot be used (" + reason +
            "); choose 'auto' or 'cpu', or build with -DFAINTWEB_CUDA=ON and run on a GPU machine");
    }
    if (wanted == "cpu" || !reason.empty()) {
        return {DeviceKind::cpu, 0};
    }
    return {DeviceKind::cuda, local_rank % n_gpus()};
}

std::string torch_version() {
    return TORCH_VERSION;
}

}  // namespace faintweb::learn
