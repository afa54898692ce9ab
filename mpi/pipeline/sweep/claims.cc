// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/sweep/claims.h"

#include <cstdint>
#include <filesystem>

#include <fmt/core.h>

#include "lib/base/file.h"

namespace faintweb::pipeline {

namespace fs = std::filesystem;

std::optional<std::size_t> claim(const comm::Communicator& group,
                                 const std::string& claims,
                                 std::size_t next,
                                 std::size_t n_runs) {
    const std::int64_t taken = comm::from_root(group, [&]() -> std::int64_t {
        for (std::size_t i = next; i < n_runs && !fs::exists(claims + "/stop"); ++i) {
            if (fs::create_directory(fmt::format("{}/{}", claims, i))) {
                return static_cast<std::int64_t>(i);
            }
        }
        return -1;
    });
    return taken < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(taken));
}

void close_claims(const comm::Communicator& group, const std::string& claims) {
    comm::on_root(group, [&] { base::make_folder(claims + "/stop"); });
}

}  // namespace faintweb::pipeline
