// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/output_lock.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/core.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace faintweb::pipeline {

void prepare_folder(const comm::Communicator& communicator, const std::string& folder) {
    comm::on_root(communicator, [&] {
        base::make_folder(folder);
        if (::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
            throw base::UsageError(
                fmt::format("cannot write into the folder {} ({}), choose another output",
                            folder.empty() ? "." : folder, std::strerror(errno)));
        }
    });
}

void prepare_output(const comm::Communicator& communicator, const std::string& path) {
    prepare_folder(communicator, std::filesystem::path(path).parent_path().string());
    comm::on_root(communicator, [&] {
        if (std::filesystem::is_directory(path)) {
            throw base::UsageError(path + " is a folder, give the name of a file");
        }
    });
}

OutputLock::OutputLock(const comm::Communicator& communicator,
                       const std::string& path,
                       const std::string& what) {
    comm::on_root(communicator, [&] {
        try {
            lock_ = std::make_unique<base::RunLock>(path, what);
        } catch (const base::InputError& error) {
            // Of somebody else, say: nothing of the run can be done.
            throw base::UsageError(fmt::format("{}, choose another output", error.what()));
        }
    });
}

}  // namespace faintweb::pipeline
