// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

#include "lib/image/beam.h"
#include "lib/image/fits_bytes.h"
#include "lib/image/fits_layout.h"

namespace faintweb::image {

/// The beam of a map of one plane in CASA's table of beams.
struct TabledBeam {
    Beam beam;
    std::string note;  ///< a line on the other beams, if there are any
};

/// Reads CASA's BEAMS table: one row for each plane, which CHAN and POL count from 0, with BMAJ,
/// BMIN and BPA in the units of the table.
///
/// A map has one plane: the row of CHAN 0 and POL 0, or the only row.
///
/// @throws InputError  without advice: a column or its unit is missing or of another kind, the rows
///     do not fill the table, none or several rows are of the plane, or the row holds no beam.
TabledBeam read_beam_table(const FitsBytes& bytes, const FitsTable& table);

}  // namespace faintweb::image
