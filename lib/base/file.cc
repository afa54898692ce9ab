#include "lib/base/file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::base {
namespace {

/// An open file descriptor.
class Descriptor {
  public:
    Descriptor(const std::string& path, int flags)
        : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
        if (number_ < 0) {
            throw_errno("cannot open " + path, errno);
        }
    }
    ~Descriptor() { ::close(number_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

  private:
    int number_;
};

void write_all(const std::string& path, std::string_view bytes) {
    const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
    while (!bytes.empty()) {
        const ssize_t n = ::write(file.number(), bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR) {
            throw_errno("cannot write " + path, errno);
        }
        bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
}

}  // namespace

void write_file(const std::string& path, std::string_view bytes) {
    try {
        write_all(partial_path(path), bytes);
    } catch (...) {
        std::remove(partial_path(path).c_str());
        throw;
    }
    publish_partial(path);
}

std::string partial_path(const std::string& path) {
    return path + ".partial";
}

void flush_file(const std::string& path) {
    const Descriptor file(path, O_RDONLY);
    if (::fsync(file.number()) != 0) {
        throw_errno("cannot flush " + path, errno);
    }
}

void publish_partial(const std::string& path) {
    const std::string partial = partial_path(path);
    try {
        flush_file(partial);
        if (std::rename(partial.c_str(), path.c_str()) != 0) {
            throw_errno("cannot rename " + partial + " to " + path, errno);
        }
    } catch (...) {
        std::remove(partial.c_str());
        throw;
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    flush_file(folder.empty() ? "." : folder);
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
        throw UsageError(text(no_input.what(), ", choose another"));
    }
}

}  // namespace faintweb::base
