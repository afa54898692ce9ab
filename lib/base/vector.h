// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <new>
#include <vector>

/// Before a function that is compiled once for every kind of processor with the functions it calls,
/// so that none of those may be one that a compiler leaves standing.
#define FAINTWEB_INLINE inline __attribute__((always_inline))

/// Before a function that is compiled for a kind of processor, "x86-64-v3" (AVX2) or "x86-64-v4"
/// (AVX-512): called only where widest_lanes() says so.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FAINTWEB_FOR(architecture) __attribute__((target("arch=" architecture)))
#else
#define FAINTWEB_FOR(architecture)
#endif

namespace faintweb::base {

/// Numbers of 32 bits in the widest vectors that this processor has registers for: 16, 8 or 4.
inline int widest_lanes() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
    if (__builtin_cpu_supports("x86-64-v4") > 0) {
        return 16;
    }
    if (__builtin_cpu_supports("x86-64-v3") > 0) {
        return 8;
    }
#endif
    return 4;
}

/// Names the compiler's type of a vector, which an alias alone cannot.
template <typename T, int lanes>
struct VectorOf {
    // Aligned as its numbers: otherwise that depends on the kind of processor it is compiled for.
    typedef T Type __attribute__((vector_size(lanes * sizeof(T)), aligned(alignof(T))));
};

/// Numbers that a processor computes with at once, or by parts where its registers are smaller.
template <typename T, int lanes>
using Vector = typename VectorOf<T, lanes>::Type;

/// Reads a vector from memory of any alignment.
///
/// @param from  [lanes].
template <typename T, int lanes>
FAINTWEB_INLINE Vector<T, lanes> load(const T* from) {
    Vector<T, lanes> vector;
    __builtin_memcpy(&vector, from, sizeof vector);
    return vector;
}

/// Writes a vector to memory of any alignment.
///
/// @param to  [lanes].
template <typename T, int lanes>
FAINTWEB_INLINE void store(Vector<T, lanes> vector, T* to) {
    __builtin_memcpy(to, &vector, sizeof vector);
}

/// Memory that begins with a line of the cache: a vector that lies across two lines takes twice as
/// long to load.
template <typename T>
struct LineAllocator {
    using value_type = T;
    static constexpr std::align_val_t line_bytes{64};

    LineAllocator() = default;
    template <typename Other>
    explicit LineAllocator(const LineAllocator<Other>& /*other*/) {}
    T* allocate(std::size_t n) {
        static_assert(alignof(T) <= static_cast<std::size_t>(line_bytes));
        return static_cast<T*>(::operator new(n * sizeof(T), line_bytes));
    }
    void deallocate(T* memory, std::size_t /*n*/) { ::operator delete(memory, line_bytes); }
    bool operator==(const LineAllocator&) const = default;
};
template <typename T>
using LineVector = std::vector<T, LineAllocator<T>>;

}  // namespace faintweb::base
