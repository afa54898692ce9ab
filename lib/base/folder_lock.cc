#include "lib/base/folder_lock.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::base {
namespace {

/// Who holds a folder, as its lock says; without a host: nobody.
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

Holder read_holder(const Descriptor& file) {
    std::array<char, 1024> bytes{};
    const ssize_t n = ::pread(file.number(), bytes.data(), bytes.size() - 1, 0);
    std::istringstream words(std::string(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0));
    Holder holder;
    words >> holder.host >> holder.process >> holder.slurm_job;
    return holder;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder)
    : path_(folder + "/.lock"), file_(path_, O_RDWR | O_CREAT) {
    const int failure = ::flock(file_.number(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    // Some file systems know no locks; the names in the file have to do there.
    if (failure != 0 && failure != EWOULDBLOCK && failure != ENOLCK && failure != EOPNOTSUPP) {
        throw_errno("cannot lock " + path_, failure);
    }
    const Holder holder = read_holder(file_);
    if (failure == EWOULDBLOCK) {
        throw UsageError(text(folder,
                              " is in use (by process ",
                              holder.process,
                              " on ",
                              holder.host,
                              "), wait for it or choose another output"));
    }
    // A lock of the system is gone with its process, but may not be seen from another host.
    const Holder mine = this_process();
    const bool is_same_job = mine.slurm_job != "-" && holder.slurm_job == mine.slurm_job;
    if (!holder.host.empty() && holder.host != mine.host && !is_same_job) {
        throw UsageError(text(folder,
                              " may be in use (by process ",
                              holder.process,
                              " on ",
                              holder.host,
                              "), if that has ended remove ",
                              path_));
    }
    const std::string words = text(mine.host, " ", mine.process, " ", mine.slurm_job, "\n");
    if (::ftruncate(file_.number(), 0) != 0) {
        throw_errno("cannot write " + path_, errno);
    }
    write_at(file_, path_, 0, std::as_bytes(std::span(words)));
}

FolderLock::~FolderLock() {
    // Empty: nobody holds it. Removed, it could be another run's by now.
    [[maybe_unused]] const int is_failed = ::ftruncate(file_.number(), 0);
}

}  // namespace faintweb::base
