// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace faintweb::base {

Descriptor::Descriptor(const std::string& path, int flags)
    : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (number_ < 0) {
        throw_errno("cannot open " + path, errno);
    }
}

Descriptor::~Descriptor() {
    ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

void write_at(const Descriptor& file,
              const std::string& path,
              std::int64_t offset,
              std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(file.number(), bytes.data(), bytes.size(), offset);
        if (n < 0 && errno != EINTR) {
            throw_errno("cannot write " + path, errno);
        }
        if (n > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(n));
            offset += n;
        }
    }
}

void write_file(const std::string& path, std::string_view bytes) {
    remove_partial(path);
    try {
        const Descriptor file(partial_path(path), O_WRONLY | O_CREAT | O_TRUNC);
        write_at(file, partial_path(path), 0, std::as_bytes(std::span(bytes)));
    } catch (...) {
        std::remove(partial_path(path).c_str());
        throw;
    }
    publish_partial(path);
}

std::string link_target(const std::string& path) {
    namespace fs = std::filesystem;
    fs::path target = path;
    std::error_code error;
    constexpr int most_links = 40;  // as the system's own limit
    for (int n = 0; n < most_links && fs::is_symlink(target, error); ++n) {
        const fs::path next = fs::read_symlink(target, error);
        if (error) {
            break;
        }
        target = target.parent_path() / next;  // next alone where it is a full path
    }
    return target.string();
}

std::string partial_path(const std::string& path) {
    return link_target(path) + ".partial";
}

void remove_partial(const std::string& path) {
    // What cannot be removed is met again when it is opened.
    ::unlink(partial_path(path).c_str());
}

std::string first_bytes(const std::string& path, std::size_t n) {
    std::string bytes(n, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(bytes.data(), static_cast<std::streamsize>(n));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

void flush_file(const std::string& path) {
    const Descriptor file(path, O_RDONLY);
    if (::fsync(file.number()) != 0) {
        throw_errno("cannot flush " + path, errno);
    }
}

void publish_partial(const std::string& path) {
    const std::string target = link_target(path);
    const std::string partial = partial_path(path);
    try {
        flush_file(partial);
        if (std::rename(partial.c_str(), target.c_str()) != 0) {
            throw_errno("cannot rename " + partial + " to " + target, errno);
        }
    } catch (...) {
        std::remove(partial.c_str());
        throw;
    }
    const std::string folder = std::filesystem::path(target).parent_path().string();
    flush_file(folder.empty() ? "." : folder);
}

std::string file_stamp(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return "missing";
    }
    return fmt::format("{} {}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

void check_room(const std::string& path, std::int64_t bytes) {
    auto folder = std::filesystem::path(link_target(path)).parent_path();
    folder = folder.empty() ? "." : folder;
    if (!std::filesystem::is_directory(folder)) {
        throw UsageError(
            fmt::format("cannot write {} ({} is no folder), make it or choose another place", path,
                        folder.string()));
    }
    struct statvfs room {};
    if (statvfs(folder.c_str(), &room) != 0) {
        throw_errno("cannot ask for the free space of " + folder.string(), errno);
    }
    const double free_bytes =
        static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize);
    if (free_bytes < static_cast<double>(bytes)) {
        throw DiskError(fmt::format(
            "too little room for {} (needs {} MB, free are {} MB), make room and run again", path,
            bytes / 1000000 + 1, static_cast<std::int64_t>(free_bytes / 1e6)));
    }
}

void make_folder(const std::string& path) {
    if (path.empty()) {
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error) {
        return;
    }
    try {
        throw_errno("cannot make the folder " + path, error.value());
    } catch (const InputError& no_input) {
        // Results were to go there: nothing of the run can be done.
        throw UsageError(fmt::format("{}, choose another", no_input.what()));
    }
}

}  // namespace faintweb::base
