// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace faintweb::learn {

/// Kinds of processors that networks are computed on.
enum class DeviceKind { cpu, cuda };

/// Where tensors live.
struct Device {
    DeviceKind kind = DeviceKind::cpu;
    int index = 0;
    bool operator==(const Device&) const = default;
};

/// The numbers that are computed or sent with. bf16 keeps float32's range and 8 bits of it.
enum class Precision { fp32, bf16 };

/// The name of a device: "cpu", "cuda:1".
std::string device_name(Device device);

/// Chooses the device of this process.
///
/// @param wanted      "cpu", "cuda", or "auto" (a GPU where this program and machine have one, else
///                    the CPU).
/// @param local_rank  number of this process on its machine, >= 0; takes the GPU of that number,
///                    counted round where there are fewer GPUs than processes.
/// @throws UsageError  if wanted is another word, or "cuda" cannot be had: says why and what to do.
Device choose_device(const std::string& wanted, int local_rank);

/// "fp32" or "bf16".
std::string precision_name(Precision precision);

/// Measures the TFLOP/s of a large matrix product, by one thread on the CPU: a network cannot
/// surpass them.
///
/// @param precision  fp32 or bf16.
double measure_matrix_product(Device device, Precision precision);

/// Whether bf16 is worth choosing on a device: an x86 CPU without AVX-512 takes several times as
/// long as with fp32. Other CPUs are taken to be able to.
bool has_fast_bf16(Device device);

/// Rounds numbers in the memory of a device to bfloat16, to nearest even. On a GPU the work is
/// queued in the default stream.
///
/// @param bits  [values.size()], in the memory of that device.
void to_bf16(Device device, std::span<float> values, std::uint16_t* bits);

/// Widens bfloat16 in the memory of a device to float32, which is exact. On a GPU the work is
/// queued in the default stream.
///
/// @param bits  [values.size()], in the memory of that device.
void from_bf16(Device device, std::uint16_t* bits, std::span<float> values);

/// Version of the LibTorch that this program was built with, "2.11.0".
std::string torch_version();

}  // namespace faintweb::learn
