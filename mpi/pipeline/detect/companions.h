// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/campaign/campaign.h"

namespace faintweb::pipeline {

/// Writes what a person wants beside the catalogue: exports and pictures. Rank 0 alone. The
/// catalogue is whole by now: what cannot be written costs itself only.
///
/// @return  whether all of it was written.
bool write_companions(const campaign::Campaign& campaign);

}  // namespace faintweb::pipeline
