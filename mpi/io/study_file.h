// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <span>
#include <string>

#include "lib/score/study.h"

namespace faintweb::io {

/// Writes the table of a study as HDF5: /runs has one row for each StudyRow, /fields the counts of
/// its fields.
///
/// /fields is [n_rows, n_fields, 7] with 1C, 1F, 0F, 0C, 0F_faint, 0F_beside, 1F_beside, -1 where
/// there is no model; its attribute `columns` names them. One rank writes the file,
/// which is whole or what it was before.
///
/// @param rows  of the same test fields.
/// @throws base::DiskError  if it cannot be written.
void write_study(const std::string& path, std::span<const score::StudyRow> rows);

}  // namespace faintweb::io
