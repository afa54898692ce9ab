// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/drain.h"

#include <array>
#include <csignal>

namespace faintweb::base {
namespace {

volatile std::sig_atomic_t is_asked = 0;
int n_alive = 0;  ///< of DrainSignals

constexpr std::array signals{SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
std::array<struct sigaction, signals.size()> handlers_before{};

void remember(int) {
    is_asked = 1;
}

}  // namespace

DrainSignals::DrainSignals() {
    if (n_alive++ > 0) {
        return;
    }
    is_asked = 0;
    for (std::size_t i = 0; i < signals.size(); ++i) {
        struct sigaction action {};
        action.sa_handler = remember;
        action.sa_flags = SA_RESTART;
        if (signals[i] == SIGTERM || signals[i] == SIGINT) {
            action.sa_flags |= static_cast<int>(SA_RESETHAND);
        }
        sigaction(signals[i], &action, &handlers_before[i]);
    }
}

DrainSignals::~DrainSignals() {
    if (--n_alive > 0) {
        return;
    }
    for (std::size_t i = 0; i < signals.size(); ++i) {
        sigaction(signals[i], &handlers_before[i], nullptr);
    }
}

bool is_asked_to_stop() {
    return is_asked != 0;
}

}  // namespace faintweb::base
