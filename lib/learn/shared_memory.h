#pragma once

#include <cstddef>
#include <span>

namespace faintweb::learn {

/// Memory that several processes of one host train in together: each writes its part of it, and
/// all read the whole.
class SharedMemory {
  public:
    virtual ~SharedMemory() = default;

    /// How many processes share, and which of them this is, 0 .. n_parts() - 1.
    virtual int n_parts() const = 0;
    virtual int part() const = 0;
    /// Memory that all of them see and that lasts as long as this object.
    ///
    /// @param n_bytes  the same on every process, > 0.
    /// @return         aligned to 64 bytes; empty on every process if the host has not as much.
    /// @collective yes: every process.
    virtual std::span<std::byte> allocate(std::size_t n_bytes) = 0;
    /// Waits for all: each then sees what any of them wrote before.
    ///
    /// @collective yes: every process.
    virtual void meet() = 0;
};

}  // namespace faintweb::learn
