// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdio>
#include <cstdlib>

/// FAINTWEB_EXPECTS(condition): what one of our own functions may rely on. Checked in the dev build
/// (FAINTWEB_CONTRACTS), free in a release. User data is never checked with this: it throws
/// instead.
#ifdef FAINTWEB_CONTRACTS
#define FAINTWEB_EXPECTS(condition)                                                               \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            std::fprintf(stderr, "%s:%d: broken contract: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                         \
        }                                                                                         \
    } while (false)
#else
#define FAINTWEB_EXPECTS(condition) static_cast<void>(sizeof(!(condition)))
#endif
