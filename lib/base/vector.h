#pragma once

/// Before a function that is compiled once for every kind of processor with the functions it calls,
/// so that none of those may be one that a compiler leaves standing.
#define FAINTWEB_INLINE inline __attribute__((always_inline))

namespace faintweb::base {

template <typename T, int lanes>
struct VectorOf {
    // Aligned as its numbers: otherwise that depends on the kind of processor it is compiled for.
    typedef T Type __attribute__((vector_size(lanes * sizeof(T)), aligned(alignof(T))));
};
/// Numbers that a processor computes with at once, or by parts where its registers are smaller.
template <typename T, int lanes>
using Vector = typename VectorOf<T, lanes>::Type;

template <typename T, int lanes>
FAINTWEB_INLINE Vector<T, lanes> load(const T* from) {
    Vector<T, lanes> vector;
    __builtin_memcpy(&vector, from, sizeof vector);
    return vector;
}

template <typename T, int lanes>
FAINTWEB_INLINE void store(Vector<T, lanes> vector, T* to) {
    __builtin_memcpy(to, &vector, sizeof vector);
}

}  // namespace faintweb::base
