// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace faintweb::base {

// A file that exists under its name is whole: it is written as PATH.partial and renamed. A link
// stays a link: what it points to is written. The names *.partial beside our files are ours. All
// throw DiskError if the disk is full, read-only or failing, InputError for any other reason.

/// An open file; closed at the end.
class Descriptor {
  public:
    /// @param flags  of open(2).
    Descriptor(const std::string& path, int flags);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&& other) noexcept;
    int number() const { return number_; }

  private:
    int number_;
};

/// Writes all bytes at an offset of an open file.
void write_at(const Descriptor& file,
              const std::string& path,
              std::int64_t offset,
              std::span<const std::byte> bytes);

/// Writes a file whole, or leaves what was there before and nothing beside it.
void write_file(const std::string& path, std::string_view bytes);

/// The file that a path stands for: itself, or what a link, or one behind another, points to, which
/// need not be there.
std::string link_target(const std::string& path);

/// Where a file is written until it is whole.
std::string partial_path(const std::string& path);

/// Removes what an earlier run may have left there, so that nothing is written through a link.
void remove_partial(const std::string& path);

/// The first bytes of a file, fewer if it is shorter; none if it is not there or cannot be read.
std::string first_bytes(const std::string& path, std::size_t n);

/// Makes sure that what was written to a file is on the disk.
void flush_file(const std::string& path);

/// Flushes the partial file of `path`, renames it to `path` and flushes the folder. If that fails,
/// `path` is as it was before and the partial file is gone.
void publish_partial(const std::string& path);

/// Size and time of change of a file; "missing" if it is not there.
std::string file_stamp(const std::string& path);

/// Sees to it that there is room for a file to come.
/// @throws DiskError   if the disk has less left.
/// @throws UsageError  if its folder is not there.
void check_room(const std::string& path, std::int64_t bytes);

/// Makes a folder and those above it; an existing one is fine.
/// @throws UsageError  if there can be none; DiskError.
void make_folder(const std::string& path);

}  // namespace faintweb::base
