// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace faintweb::sky {

/// Simpson's rule on n (even) intervals.
template <typename Function>
double integrate(Function f, double from, double to, int n) {
    const double step = (to - from) / n;
    double sum = f(from) + f(to);
    for (int i = 1; i < n; ++i) {
        sum += (i % 2 == 1 ? 4 : 2) * f(from + i * step);
    }
    return sum * step / 3;
}

}  // namespace faintweb::sky
