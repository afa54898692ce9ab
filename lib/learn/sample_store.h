// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace faintweb::learn {

/// Samples of one size, each a tile and what is learnt of it, as half-precision numbers: in memory
/// up to a limit, the rest in a file that has no name and goes with the process.
class SampleStore {
  public:
    /// Keeps all samples in memory.
    ///
    /// @param sample_size  numbers of a sample, >= 1.
    explicit SampleStore(std::size_t sample_size);
    /// Keeps samples in memory up to a limit, and the rest in a file.
    ///
    /// @param max_bytes  of memory, >= 0.
    /// @param folder     of the file, which is made when it is needed.
    SampleStore(std::size_t sample_size, std::size_t max_bytes, std::string folder);
    ~SampleStore();
    SampleStore(SampleStore&&) noexcept;
    SampleStore& operator=(SampleStore&&) noexcept;

    std::size_t sample_size() const { return sample_size_; }
    std::size_t size() const { return n_samples_; }
    bool is_spilled() const { return file_ != nullptr; }

    /// Adds a sample behind those that are there.
    ///
    /// @param sample  [sample_size], scaled.
    /// @throws DiskError, InputError  if it cannot be written to the file.
    void add(std::span<const float> sample);
    /// Reads a sample. Any thread may read while none adds.
    ///
    /// @param index  < size().
    /// @param out    [sample_size] bits of half-precision numbers.
    /// @throws DiskError, InputError  if it cannot be read from the file.
    void read(std::size_t index, std::span<std::uint16_t> out) const;

  private:
    struct File;
    std::size_t sample_size_;
    std::size_t max_in_memory_;
    std::string folder_;
    std::size_t n_samples_ = 0;
    std::vector<std::uint16_t> memory_;  // [at most max_in_memory_, sample_size_]
    std::unique_ptr<File> file_;         // the samples after those in memory_
};

}  // namespace faintweb::learn
