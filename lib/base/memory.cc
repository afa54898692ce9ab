// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/memory.h"

#include <malloc.h>

namespace faintweb::base {

void keep_freed_memory() {
#ifdef __GLIBC__
    constexpr int never = 1 << 30;
    mallopt(M_MMAP_THRESHOLD, never);
    mallopt(M_TRIM_THRESHOLD, never);
    // Those of other threads are given back whole.
    mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace faintweb::base
