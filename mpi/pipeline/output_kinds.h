// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/base/output.h"

/// The kinds of files that the stages write: what tells ours from those of the user.
namespace faintweb::pipeline {

/// Whether a file begins with these bytes.
bool begins_with(const std::string& path, const std::string& bytes);

/// Whether a folder of this name is there.
bool is_folder(const std::string& path);

/// A list (CSV) whose first line is this header.
base::Output list_file(std::string path, const std::string& header);

/// A FITS file whose first image is ours.
base::Output fits_image(std::string path);

/// A PNG file that bears our mark.
base::Output picture_file(std::string path);

/// A file that nothing tells from one of the user's.
base::Output other_file(std::string path);

/// What is kept of a campaign's progress: ours by its name, but never through a link.
base::Output note(std::string path);

/// A folder that files are written into.
base::Output folder(std::string path);

/// Adds outputs to a list of them.
void append(std::vector<base::Output>& outputs, std::vector<base::Output> more);

/// Adds the table and the picture of a reliability diagram.
///
/// @param path  of both, without their endings.
void add_reliability(std::vector<base::Output>& outputs, const std::string& path);

}  // namespace faintweb::pipeline
