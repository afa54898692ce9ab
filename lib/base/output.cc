// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/output.h"

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace faintweb::base {
namespace {

namespace fs = std::filesystem;

/// What is behind a name; none if nothing is.
std::optional<struct stat> status_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

/// The full name of what a path stands for, which need not be there.
fs::path full_name(const std::string& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(link_target(path), error);
    fs::path full = fs::weakly_canonical(absolute, error);
    full = (error ? absolute : full).lexically_normal();
    return full.has_filename() ? full : full.parent_path();
}

/// Files by what they are and not by how they are named.
class KnownFiles {
  public:
    /// @return  how the file was named before, if it is known.
    std::optional<std::string> find(const std::string& path) const {
        if (const auto status = status_of(path)) {
            if (const auto found = numbers_.find({status->st_dev, status->st_ino});
                found != numbers_.end()) {
                return found->second;
            }
        }
        const auto found = names_.find(full_name(path));
        return found == names_.end() ? std::nullopt : std::optional(found->second);
    }

    void add(const std::string& path) {
        if (const auto status = status_of(path)) {
            numbers_.try_emplace({status->st_dev, status->st_ino}, path);
        }
        names_.try_emplace(full_name(path), path);
    }

    /// @return  a file somewhere below a folder, if one is known.
    std::optional<std::string> find_below(const std::string& folder) const {
        const fs::path full = full_name(folder);
        // A folder comes before all that is in it.
        for (auto next = names_.upper_bound(full); next != names_.end(); ++next) {
            const fs::path relative = next->first.lexically_relative(full);
            if (relative.empty() || *relative.begin() == "..") {
                break;
            }
            return next->second;
        }
        return std::nullopt;
    }

  private:
    std::map<std::pair<dev_t, ino_t>, std::string> numbers_;
    std::map<fs::path, std::string> names_;
};

void check_against_inputs(const Output& output, const KnownFiles& inputs) {
    std::optional<std::string> input = inputs.find(output.path);
    if (output.kind == Output::Kind::file && !input) {
        input = inputs.find(partial_path(output.path));
    }
    if (input) {
        throw UsageError(fmt::format(
            "cannot write {} (it is the input {}, which would be destroyed), choose another output",
            output.path, *input));
    }
    if (output.kind == Output::Kind::whole_folder) {
        if (const auto below = inputs.find_below(output.path)) {
            throw UsageError(
                fmt::format("cannot use the folder {} (the input {} is in it and would be "
                            "destroyed), choose another output",
                            output.path, *below));
        }
    }
}

void check_place(const Output& output, Overwrite overwrite) {
    std::error_code none;
    if (output.kind == Output::Kind::file && fs::is_directory(partial_path(output.path), none)) {
        throw UsageError(fmt::format(
            "{} is a folder (a file of this name is made first), move it or choose another output",
            partial_path(output.path)));
    }
    const auto status = status_of(output.path);
    if (!status) {
        return;
    }
    const bool is_folder = S_ISDIR(status->st_mode);
    if (output.kind == Output::Kind::file && is_folder) {
        throw UsageError(fmt::format("{} is a folder, give the name of a file", output.path));
    }
    if (output.kind == Output::Kind::file && !S_ISREG(status->st_mode)) {
        throw UsageError(fmt::format(
            "{} is no regular file (it would be replaced by one), give the name of a file",
            output.path));
    }
    if (output.kind != Output::Kind::file && !is_folder) {
        throw UsageError(
            fmt::format("{} is no folder (results are to go into one of this name), move it or "
                        "choose another output",
                        output.path));
    }
    if (output.kind == Output::Kind::folder) {
        return;
    }
    const std::string objection =
        output.objection ? output.objection(output.path) : "is not known to be ours";
    if (objection.empty()) {
        return;
    }
    // What is in a folder is not looked through: it is never removed on demand.
    if (output.kind == Output::Kind::whole_folder) {
        throw UsageError(
            fmt::format("{} {} (a folder of this name is needed and removed in the end), move it "
                        "or choose another output",
                        output.path, objection));
    }
    if (overwrite == Overwrite::no) {
        throw UsageError(
            fmt::format("{} {} (it would be lost), choose another output or give --overwrite",
                        output.path, objection));
    }
}

}  // namespace

void check_apart(std::span<const Output> outputs, std::span<const std::string> inputs) {
    KnownFiles known;
    for (const std::string& input : inputs) {
        known.add(input);
    }
    for (const Output& output : outputs) {
        check_against_inputs(output, known);
    }
}

void check_outputs(std::span<const Output> outputs,
                   std::span<const std::string> inputs,
                   Overwrite overwrite) {
    check_apart(outputs, inputs);
    KnownFiles known_outputs;
    const auto add = [&](const Output& output, bool is_known_later) {
        if (const auto other = known_outputs.find(output.path)) {
            throw UsageError(
                fmt::format("cannot write {} (it is the same file as the output {}), give each a "
                            "name of its own",
                            output.path, *other));
        }
        if (is_known_later) {
            known_outputs.add(output.path);
        }
    };
    const auto is_folder = [](const Output& output) { return output.kind == Output::Kind::folder; };
    for (const Output& output : outputs) {
        if (!is_folder(output)) {
            add(output, true);
        }
    }
    for (const Output& output : outputs) {
        // Files of several kinds may go into one folder.
        if (is_folder(output)) {
            add(output, false);
        }
    }
    for (const Output& output : outputs) {
        check_place(output, overwrite);
    }
}

}  // namespace faintweb::base
