// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace faintweb::comm {

/// An error that every rank has met alike, so that all can leave in order and only one speaks.
class CollectiveError : public base::Error {
  public:
    using Error::Error;
};

/// What ranks send each other: a text, a value that may be copied byte by byte, or a vector of such
/// values. Ranks are programs of one kind, so that bytes mean the same on all.
template <typename T>
struct Message {
    static_assert(std::is_trivially_copyable_v<T>);
    static std::string pack(const T& value) {
        std::string bytes(sizeof(T), '\0');
        std::memcpy(bytes.data(), &value, sizeof(T));
        return bytes;
    }
    static T unpack(const std::string& bytes) {
        T value{};
        std::memcpy(&value, bytes.data(), sizeof(T));
        return value;
    }
};
template <typename T>
struct Message<std::vector<T>> {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool>);
    static std::string pack(const std::vector<T>& values) {
        return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
    }
    static std::vector<T> unpack(const std::string& bytes) {
        std::vector<T> values(bytes.size() / sizeof(T));
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
        return values;
    }
};
template <>
struct Message<std::string> {
    static const std::string& pack(const std::string& text) { return text; }
    static std::string unpack(std::string bytes) { return bytes; }
};

/// What ranks have gathered, one part after the other.
template <typename T>
std::vector<T> joined(const std::vector<std::vector<T>>& parts) {
    std::vector<T> all;
    for (const std::vector<T>& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

/// The ranks that work together. A default-made communicator is a world of one that needs no MPI,
/// so that the same code runs with and without mpirun. It is cheap to copy: copies are the same
/// communicator.
class Communicator {
  public:
    Communicator();

    int rank() const;
    int size() const;
    /// Position of this rank among this communicator's ranks on this host, from 0.
    int local_rank() const;
    /// Number of this communicator's ranks on this host.
    int local_size() const;
    /// Ranks of this host that may run on the same cores as this one, itself included: 1 where the
    /// launcher has bound each rank to cores of its own.
    int n_sharing_cores() const;
    bool is_root() const { return rank() == 0; }
    /// Whether mpirun, srun or the like started this process, which is to end when that does.
    bool has_launcher() const;
    /// Whether all ranks of this communicator are on one host, also where it is part of another.
    bool is_one_host() const;

    // Every function from here to split() is collective: every rank of the communicator calls it.

    /// Waits until all ranks have come here, as fast as can be.
    void barrier() const;
    /// Waits as barrier() does, but leaves the core to ranks that are still at work.
    void wait_for_all() const;
    /// Gives every rank the root's text.
    void broadcast(std::string& text) const;
    /// Gives every rank the values of all ranks, in rank order.
    template <typename T>
    std::vector<T> all_gather(const T& value) const {
        std::vector<T> values;
        for (std::string& bytes : all_gather_bytes(Message<T>::pack(value))) {
            values.push_back(Message<T>::unpack(std::move(bytes)));
        }
        return values;
    }
    /// Gives the root the values of all ranks, in rank order, and the others an empty list.
    template <typename T>
    std::vector<T> gather(const T& value) const {
        std::vector<T> values = all_gather(value);
        if (!is_root()) {
            values.clear();
        }
        return values;
    }
    /// Replaces every element by its sum over the ranks.
    void sum(std::span<float> values) const;
    void sum(std::span<double> values) const;
    void sum(std::span<std::int64_t> values) const;
    /// The largest of the ranks' values, on every rank.
    std::int64_t max(std::int64_t value) const;
    /// Sends `parts[r]` to rank r and gives what every rank sent here, in rank order.
    std::vector<std::vector<std::byte>> exchange(
        const std::vector<std::vector<std::byte>>& parts) const;
    /// Sends sent[r] to rank r and fills received[r] with what rank r sent here: for ranks that
    /// know the sizes of what comes.
    void exchange(const std::vector<std::span<const std::byte>>& sent,
                  const std::vector<std::span<std::byte>>& received) const;
    /// A communicator of the ranks that give the same group, in the order of their ranks here. Its
    /// local_rank(), local_size() and n_sharing_cores() stay those of this one, so that groups that
    /// work at the same time take different GPUs and cores.
    Communicator split(int group) const;

    /// The MPI_Comm behind this object (a pointer to it), null for a world of one without MPI. For
    /// the files of mpi/ only.
    const void* native() const;

    struct Handle;
    explicit Communicator(std::shared_ptr<Handle> handle);

  private:
    std::vector<std::string> all_gather_bytes(const std::string& bytes) const;

    std::shared_ptr<Handle> handle_;
};

/// Calls `work` on every rank. If it throws on any, every rank throws that error (the lowest
/// rank's) as a CollectiveError, so that none goes on alone into a collective call that the others
/// never make.
///
/// @collective yes: every rank.
void collectively(const Communicator& communicator, const std::function<void()>& work);

/// Within the work of `collectively`: ends that work on every rank once it has failed on any, so
/// that none waits in the collective call that comes next for one that never makes it.
///
/// @collective yes: every rank that is still at work.
void agree_or_throw(const Communicator& communicator);

/// Calls `work` on the root only. An error there is thrown on every rank as a CollectiveError.
///
/// @collective yes: every rank.
void on_root(const Communicator& communicator, const std::function<void()>& work);

/// Calls `compute` on the root only and gives every rank what it returned (see Message). An error
/// there is thrown on every rank as a CollectiveError.
///
/// @collective yes: every rank.
template <typename Compute>
std::invoke_result_t<Compute> from_root(const Communicator& communicator, const Compute& compute) {
    using Value = std::invoke_result_t<Compute>;
    std::string bytes;
    on_root(communicator, [&] { bytes = Message<Value>::pack(compute()); });
    communicator.broadcast(bytes);
    return Message<Value>::unpack(std::move(bytes));
}

}  // namespace faintweb::comm
