// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

/// Before a function: compiled for wider vectors as well, and the processor picks its copy when the
/// program starts. All copies give the same bits where none may fuse or reorder
/// (faintweb_vector_code in cmake/). Not with the thread sanitizer, which is not ready yet when the
/// copies are picked.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define FAINTWEB_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define FAINTWEB_VECTOR_CLONES
#endif
