// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <vector>

namespace faintweb::learn {

/// Memory that several processes of one host train in together: each writes its part of it, and
/// all read the whole.
class SharedMemory {
  public:
    virtual ~SharedMemory() = default;

    /// How many processes share the memory.
    virtual int n_parts() const = 0;
    /// Which of the processes this one is, 0 .. n_parts() - 1.
    virtual int part() const = 0;
    /// Takes memory that all of the processes see and that lasts as long as this object.
    ///
    /// @param n_bytes  the same on every process, > 0.
    /// @return         aligned to 64 bytes; empty on every process if the host has not as much.
    /// @collective yes: every process.
    virtual std::span<std::byte> allocate(std::size_t n_bytes) = 0;
    /// Waits for all processes: each then sees what any of them wrote before.
    ///
    /// @collective yes: every process.
    virtual void meet() = 0;
};

/// The memory of a process that trains alone: it then does what several do.
class OwnMemory final : public SharedMemory {
  public:
    int n_parts() const override { return 1; }
    int part() const override { return 0; }
    std::span<std::byte> allocate(std::size_t n_bytes) override {
        constexpr std::size_t alignment = 64;
        std::vector<std::byte>& block = blocks_.emplace_back(n_bytes + alignment);
        void* begin = block.data();
        std::size_t n_left = block.size();
        return {static_cast<std::byte*>(std::align(alignment, n_bytes, begin, n_left)), n_bytes};
    }
    void meet() override {}

  private:
    std::list<std::vector<std::byte>> blocks_;
};

}  // namespace faintweb::learn
