// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace faintweb::catalogue {

/// Documentation of a catalogue as a Markdown page: every dataset and attribute of the HDF5 file,
/// and every column of its tables with type, unit and meaning.
std::string catalogue_docs();

}  // namespace faintweb::catalogue
