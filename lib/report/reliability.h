// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/score/calibration.h"

namespace faintweb::report {

/// Writes PATH.csv, and PATH.png: which part of the tiles is signal against the probability that
/// they were given. Right probabilities lie on the diagonal, each within its bar of one standard
/// deviation mostly.
///
/// @param title  one line above.
/// @throws InputError, DiskError  if a file cannot be written.
void write_reliability(const std::string& path,
                       const score::Reliability& reliability,
                       const std::string& title);

}  // namespace faintweb::report
