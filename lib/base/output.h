// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace faintweb::base {

/// What a command is about to write.
struct Output {
    enum class Kind {
        file,
        folder,        ///< that files are written into; those that matter are outputs of their own
        whole_folder,  ///< that is ours with all that is in it, and may be removed as it is
    };
    std::string path;
    Kind kind = Kind::file;
    /// Why what is there now is not ours to replace ("is no CSV file of ours"); empty if it is
    /// ours. Asked for regular files and for whole folders that are there; none: such a file or
    /// folder is never ours.
    std::function<std::string(const std::string& path)> objection = {};
};

enum class Overwrite { no, yes };

/// Checks that no output is an input too.
///
/// Names are the same if they mean the same file: through links, "./", or as hard links.
///
/// @param inputs  what the command reads; those that are not there may be named too.
/// @throws UsageError  one line with both names.
void check_apart(std::span<const Output> outputs, std::span<const std::string> inputs);

/// Checks that a command destroys nothing that it should not, before it begins; check_apart() too.
///
/// @param overwrite  yes: files that are not ours may be replaced, but never inputs, and nothing
///                   that is no regular file.
/// @throws UsageError  in one line: an output is an input too, or another output; something that is
///     no file or no folder stands there; what is there is not ours.
void check_outputs(std::span<const Output> outputs,
                   std::span<const std::string> inputs,
                   Overwrite overwrite);

}  // namespace faintweb::base
