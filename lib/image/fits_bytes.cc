// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_bytes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::image {

using base::InputError;

std::string printable(const std::string& text) {
    std::string shown = text;
    for (char& letter : shown) {
        const auto byte = static_cast<unsigned char>(letter);
        letter = byte < 32 || byte == 127 ? '?' : letter;
    }
    return shown;
}

struct FitsBytes::State {
    std::string path;
    int fd = -1;
    std::int64_t file_bytes = 0;

    bool is_gzip = false;
    std::int64_t max_unpacked_bytes = 0;
    z_stream stream{};
    bool has_stream = false;
    bool is_at_end = false;
    std::vector<char> packed = std::vector<char>(std::size_t{1} << 18);
    /// malloc'd, so that growing a large buffer moves pages instead of copying them.
    char* unpacked = nullptr;
    std::int64_t n_unpacked = 0;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (has_stream) {
            inflateEnd(&stream);
        }
        std::free(unpacked);
        if (fd >= 0) {
            ::close(fd);
        }
    }

    /// Never a DiskError: an input that cannot be read costs itself only.
    [[noreturn]] void refuse_read() const {
        throw InputError(printable(path) +
                         ": cannot be read: " + std::generic_category().message(errno));
    }

    void read_at(std::int64_t offset, std::span<char> to) const {
        while (!to.empty()) {
            const ssize_t n = ::pread(fd, to.data(), to.size(), offset);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                refuse_read();
            }
            if (n == 0) {
                throw InputError(printable(path) +
                                 ": the file became shorter while it was read, run again");
            }
            offset += n;
            to = to.subspan(static_cast<std::size_t>(n));
        }
    }

    /// Feeds packed bytes; false at the end of the file.
    bool refill() {
        ssize_t n = 0;
        do {
            n = ::read(fd, packed.data(), packed.size());
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            refuse_read();
        }
        stream.next_in = reinterpret_cast<Bytef*>(packed.data());
        stream.avail_in = static_cast<uInt>(n);
        return n > 0;
    }

    /// Unpacks up to to.size() bytes; fewer only at the end of the data.
    std::int64_t unpack(std::span<char> to) {
        std::int64_t n_done = 0;
        while (!is_at_end && static_cast<std::size_t>(n_done) < to.size()) {
            if (stream.avail_in == 0 && !refill()) {
                throw InputError(
                    printable(path) +
                    ": the gzip data ends too early (the file is cut short), copy it again");
            }
            const std::size_t n_wanted = std::min<std::size_t>(
                to.size() - static_cast<std::size_t>(n_done), std::size_t{1} << 30);
            stream.next_out = reinterpret_cast<Bytef*>(to.data() + n_done);
            stream.avail_out = static_cast<uInt>(n_wanted);
            const int status = inflate(&stream, Z_NO_FLUSH);
            n_done += static_cast<std::int64_t>(n_wanted - stream.avail_out);
            if (status == Z_STREAM_END) {
                // Several gzip members in a row are one file; anything else after the last is
                // padding.
                const bool has_more = stream.avail_in > 0 || refill();
                is_at_end = !has_more || *stream.next_in != 0x1f || inflateReset(&stream) != Z_OK;
            } else if (status != Z_OK && status != Z_BUF_ERROR) {
                throw InputError(fmt::format(
                    "{}: the gzip data is damaged ({}), copy the file again", printable(path),
                    stream.msg != nullptr ? stream.msg : "zlib error"));
            }
        }
        return n_done;
    }

    [[noreturn]] void refuse_size() const {
        throw InputError(
            fmt::format("{}: unpacks to more than {} bytes (max_unpacked_bytes), unpack it with "
                        "gunzip or raise the limit",
                        printable(path), max_unpacked_bytes));
    }
};

FitsBytes::FitsBytes(const std::string& path, std::int64_t max_unpacked_bytes)
    : state_(std::make_unique<State>()) {
    State& s = *state_;
    s.path = path;
    s.max_unpacked_bytes = max_unpacked_bytes;
    struct stat status {};
    // Looked at before it is opened: opening a device can already change it.
    if (path.find('\0') != std::string::npos || ::stat(path.c_str(), &status) != 0) {
        base::throw_errno("cannot open " + printable(path), path.empty() ? ENOENT : errno);
    }
    const auto require_regular = [&] {
        if (!S_ISREG(status.st_mode)) {
            throw InputError(printable(path) +
                             (S_ISDIR(status.st_mode)
                                  ? ": is a folder, give the FITS files in it"
                                  : ": is not a regular file, copy the map to one"));
        }
    };
    require_regular();
    s.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (s.fd < 0 || ::fstat(s.fd, &status) != 0) {
        base::throw_errno("cannot open " + printable(path), errno);
    }
    require_regular();
    s.file_bytes = status.st_size;
    if (s.file_bytes == 0) {
        throw InputError(printable(path) + ": is empty (0 bytes), copy it again");
    }
    std::array<char, 2> magic{};
    if (s.file_bytes >= 2) {
        s.read_at(0, magic);
    }
    s.is_gzip = magic == std::array<char, 2>{'\x1f', '\x8b'};
    if (s.is_gzip) {
        constexpr int window_bits_gzip_only = 15 + 16;
        if (inflateInit2(&s.stream, window_bits_gzip_only) != Z_OK) {
            throw InputError(printable(path) + ": zlib cannot start, free some memory");
        }
        s.has_stream = true;
    }
}

FitsBytes::~FitsBytes() = default;
FitsBytes::FitsBytes(FitsBytes&&) noexcept = default;
FitsBytes& FitsBytes::operator=(FitsBytes&&) noexcept = default;

bool FitsBytes::reaches(std::int64_t n_bytes) {
    State& s = *state_;
    if (!s.is_gzip) {
        return n_bytes <= s.file_bytes;
    }
    if (n_bytes <= s.n_unpacked) {
        return true;
    }
    if (s.is_at_end) {
        return false;
    }
    if (n_bytes > s.max_unpacked_bytes) {
        s.refuse_size();
    }
    char* const grown =
        static_cast<char*>(std::realloc(s.unpacked, static_cast<std::size_t>(n_bytes)));
    if (grown == nullptr) {
        throw InputError(fmt::format("{}: no memory to unpack {} bytes, unpack it with gunzip",
                                     printable(s.path), n_bytes));
    }
    s.unpacked = grown;
    s.n_unpacked +=
        s.unpack({grown + s.n_unpacked, static_cast<std::size_t>(n_bytes - s.n_unpacked)});
    return n_bytes <= s.n_unpacked;
}

void FitsBytes::copy(std::int64_t offset, std::span<char> to) const {
    FAINTWEB_EXPECTS(!state_->is_gzip ||
                     offset + static_cast<std::int64_t>(to.size()) <= state_->n_unpacked);
    if (state_->is_gzip) {
        std::memcpy(to.data(), state_->unpacked + offset, to.size());
    } else {
        state_->read_at(offset, to);
    }
}

void FitsBytes::verify_rest() {
    State& s = *state_;
    std::vector<char> scratch(std::size_t{1} << 20);
    std::int64_t n_total = s.n_unpacked;
    while (s.is_gzip && !s.is_at_end) {
        n_total += s.unpack(scratch);
        if (n_total > s.max_unpacked_bytes) {
            s.refuse_size();
        }
    }
}

bool FitsBytes::is_unpacked() const {
    return state_->is_gzip;
}
int FitsBytes::descriptor() const {
    return state_->fd;
}
std::span<char> FitsBytes::memory() {
    return {state_->unpacked, static_cast<std::size_t>(state_->n_unpacked)};
}

}  // namespace faintweb::image
