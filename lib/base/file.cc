#include "lib/base/file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

/// An open file descriptor.
class OpenFile {
  public:
    OpenFile(const std::string& path, int flags)
        : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
    ~OpenFile() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

/// Removes the partial file and throws.
[[noreturn]] void give_up(const std::string& partial, const std::string& path, int error_number) {
    std::remove(partial.c_str());
    throw_errno("cannot write " + path, error_number);
}

}  // namespace

void write_file(const std::string& path, std::string_view bytes) {
    const std::string partial = path + ".partial";
    {
        const OpenFile file(partial, O_WRONLY | O_CREAT | O_TRUNC);
        if (file.get() < 0) {
            throw_errno("cannot write " + path, errno);
        }
        while (!bytes.empty()) {
            const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
            if (n < 0 && errno != EINTR) {
                give_up(partial, path, errno);
            }
            bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        }
    }
    publish_file(partial, path);
}

void publish_file(const std::string& partial, const std::string& path) {
    {
        const OpenFile file(partial, O_RDONLY);
        if (file.get() < 0 || ::fsync(file.get()) != 0) {
            give_up(partial, path, errno);
        }
    }
    if (std::rename(partial.c_str(), path.c_str()) != 0) {
        give_up(partial, path, errno);
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const OpenFile opened(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
    // Some file systems cannot sync a folder; the file itself is safe by then.
    if (opened.get() >= 0) {
        ::fsync(opened.get());
    }
}

void make_folder(const std::string& path) {
    if (path.empty()) {
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        throw_errno("cannot make the folder " + path, error.value());
    }
}

}  // namespace faintweb::base
