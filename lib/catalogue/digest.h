// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/catalogue/records.h"

namespace faintweb::catalogue {

/// SHA-256 over a field's record, its rows of /tiles in tile order, the scores and the local rms of
/// its tiles.
///
/// @return  64 hexadecimal digits.
std::string field_digest(const FieldResult& result);

/// The canonical digest of a catalogue: SHA-256 over names, types and units of all columns, the
/// records of the maps, the digests of the fields, and what changes results (model, device kind,
/// precision, settings).
///
/// It does not depend on paths, host, time, ranks or threads. The digests of the fields may be made
/// in any order and by any process, so that a catalogue need not be in the memory of one process.
///
/// @param field_digests  those of all fields, in order, one after the other.
/// @return               64 hexadecimal digits.
std::string catalogue_digest(std::span<const MapRecord> maps,
                             std::string_view field_digests,
                             const Provenance& provenance);

}  // namespace faintweb::catalogue
