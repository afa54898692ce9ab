// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace faintweb::base {

/// While one of these lives, USR1, USR2, TERM and INT do not end the process: they are remembered,
/// so that work in progress can be brought to a point from which it can go on later. A second TERM
/// or INT ends the process as it would have without. One that is made while another lives changes
/// nothing. To be made by one thread.
class DrainSignals {
  public:
    DrainSignals();
    ~DrainSignals();
    DrainSignals(const DrainSignals&) = delete;
    DrainSignals& operator=(const DrainSignals&) = delete;
};

/// Whether one of these signals has come since the first DrainSignals of those alive was made.
bool is_asked_to_stop();

}  // namespace faintweb::base
