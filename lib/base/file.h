#pragma once

#include <string>
#include <string_view>

namespace faintweb::base {

/// Writes a file whole or not at all: PATH.partial, fsync, rename.
///
/// @throws DiskError   if the disk is full, read-only or failing; nothing is left behind.
/// @throws InputError  if the file cannot be made for another reason.
void write_file(const std::string& path, std::string_view bytes);

/// Makes a finished file visible under its name: syncs it, renames it over `path`, syncs the
/// folder. The same errors; the partial file is removed then.
void publish_file(const std::string& partial, const std::string& path);

/// Makes a folder and those above it; an existing one is fine. The same errors.
void make_folder(const std::string& path);

}  // namespace faintweb::base
