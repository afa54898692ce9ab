// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/run_lock.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/log.h"

namespace faintweb::base {
namespace {

/// Who holds a lock, as its file says; without a host: nobody.
struct Holder {
    std::string host;
    long process = 0;
    std::string slurm_job = "-";
};

Holder this_process() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    const char* job = std::getenv("SLURM_JOB_ID");
    return {host.data(), ::getpid(), job == nullptr || *job == '\0' ? "-" : job};
}

/// @throws UsageError  if the file is no lock.
Holder read_holder(const Descriptor& file, const std::string& path) {
    std::array<char, 1024> bytes{};
    const ssize_t n = ::pread(file.number(), bytes.data(), bytes.size(), 0);
    if (n < 0) {
        throw_errno("cannot read " + path, errno);
    }
    const std::string_view all(bytes.data(), static_cast<std::size_t>(n));
    Holder holder;
    std::string more;
    std::istringstream words{std::string(all)};
    // Of zeros: a loss of power may leave the file without what was written to it.
    const bool is_empty = all.find_first_not_of('\0') == std::string_view::npos;
    if (!is_empty &&
        (!(words >> holder.host >> holder.process >> holder.slurm_job) || words >> more)) {
        throw UsageError(
            fmt::format("{} is no lock of faintweb (one of this name would have to be written over "
                        "it), rename it or choose another output",
                        path));
    }
    return holder;
}

/// Whether a file system says that it has no locks: NFS without its lock daemon, one that was never
/// given any (ENOSYS, EINVAL, EOPNOTSUPP), or a forwarder such as Cray's DVS, which hands on a
/// number that only the kernel knows.
bool is_without_locks(int failure) {
    constexpr int kernel_enotsupp = 524;
    return failure == ENOLCK || failure == ENOSYS || failure == EINVAL || failure == EOPNOTSUPP ||
           failure == kernel_enotsupp;
}

bool is_still_named(const Descriptor& file, const std::string& path) {
    struct stat opened {};
    struct stat named {};
    return ::fstat(file.number(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// @return  errno of a lock that was not given, else 0.
int try_lock(const Descriptor& file) {
    int failure = 0;
    do {
        failure = ::flock(file.number(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    } while (failure == EINTR);
    return failure;
}

}  // namespace

RunLock::RunLock(const std::string& path, const std::string& what)
    : path_(link_target(path)), file_(path_, O_RDWR | O_CREAT | O_NONBLOCK) {
    int failure = try_lock(file_);
    // Whoever held it may have removed the file between our open and our lock: the lock of a file
    // without a name keeps nobody out. (On a file system whose files have no lasting number this
    // would never end.)
    for (int n = 0; n < 100 && failure == 0 && !is_still_named(file_, path_); ++n) {
        file_ = Descriptor(path_, O_RDWR | O_CREAT | O_NONBLOCK);
        failure = try_lock(file_);
    }
    const bool has_locks = !is_without_locks(failure);
    if (has_locks && failure != 0 && failure != EWOULDBLOCK) {
        throw_errno("cannot lock " + path_, failure);
    }
    const Holder mine = this_process();
    const Holder holder = read_holder(file_, path_);
    if (failure == EWOULDBLOCK) {
        const std::string by = holder.host.empty() ? std::string()
                                                   : fmt::format(" (by process {} on {})",
                                                                 holder.process, holder.host);
        throw UsageError(
            fmt::format("{} is in use{}, wait for it or choose another output", what, by));
    }
    const bool is_same_job = mine.slurm_job != "-" && holder.slurm_job == mine.slurm_job;
    // A lock of the system is gone with its process, but may not be seen from another host.
    const bool is_elsewhere = !holder.host.empty() && holder.host != mine.host && !is_same_job;
    const bool may_live_here =
        !has_locks && holder.host == mine.host && holder.process != mine.process &&
        (::kill(static_cast<pid_t>(holder.process), 0) == 0 || errno == EPERM);
    if (is_elsewhere || may_live_here) {
        throw UsageError(
            fmt::format("{} may be in use (by process {} on {}), if that has ended remove {}", what,
                        holder.process, holder.host, path_));
    }
    if (!has_locks) {
        log_warning(
            fmt::format("cannot lock {} (its file system has no locks: {}), see to it that no "
                        "other run writes it",
                        what, std::generic_category().message(failure)));
    }
    const std::string words = fmt::format("{} {} {}\n", mine.host, mine.process, mine.slurm_job);
    if (::ftruncate(file_.number(), 0) != 0) {
        throw_errno("cannot write " + path_, errno);
    }
    write_at(file_, path_, 0, std::as_bytes(std::span(words)));
}

RunLock::~RunLock() {
    // Emptied too: where it cannot be removed, nobody holds it.
    [[maybe_unused]] const int is_failed = ::ftruncate(file_.number(), 0);
    if (is_still_named(file_, path_)) {
        ::unlink(path_.c_str());
    }
}

}  // namespace faintweb::base
