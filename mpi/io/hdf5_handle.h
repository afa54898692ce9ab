// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

namespace faintweb::io {

/// The lock that readers and writers hold which any thread may call: the HDF5 library is not
/// thread-safe.
inline std::mutex hdf5_lock;

/// Owns one HDF5 identifier and closes it with the function that belongs to its kind.
///
/// HDF5's hid_t and herr_t are spelt out, so that this header needs no hdf5.h.
class Hdf5Handle {
  public:
    using Id = std::int64_t;
    using Closer = int (*)(Id);

    Hdf5Handle() = default;
    Hdf5Handle(Id id, Closer closer) : id_(id), closer_(closer) {}
    Hdf5Handle(Hdf5Handle&& other) noexcept
        : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
    Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(closer_, other.closer_);
        return *this;
    }
    ~Hdf5Handle() {
        if (id_ >= 0) {
            closer_(id_);
        }
    }

    Id id() const { return id_; }
    bool is_open() const { return id_ >= 0; }
    /// Closes now and gives HDF5's verdict: closing a file is when buffered writes may still fail.
    int close() { return is_open() ? closer_(std::exchange(id_, -1)) : 0; }
    /// Lets the identifier go without closing it.
    void abandon() { id_ = -1; }

  private:
    Id id_ = -1;
    Closer closer_ = nullptr;
};

}  // namespace faintweb::io
