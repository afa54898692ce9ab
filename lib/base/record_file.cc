// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/record_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::base {
namespace {

constexpr std::uint32_t max_payload_bytes = std::uint32_t{1} << 30;

struct RecordHeader {
    std::uint32_t n_bytes = 0;
    std::uint32_t crc = 0;  ///< of n_bytes and the payload
};
static_assert(sizeof(RecordHeader) == record_header_bytes);

constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
        }
        table[i] = value;
    }
    return table;
}();

std::uint32_t crc_of_record(std::uint32_t n_bytes, std::span<const std::byte> payload) {
    return crc32c(payload, crc32c(std::as_bytes(std::span(&n_bytes, 1))));
}

/// Reads as much as there is of `bytes` at an offset.
std::size_t read_at(int file,
                    const std::string& path,
                    std::int64_t offset,
                    std::span<std::byte> bytes) {
    std::size_t n_read = 0;
    while (n_read < bytes.size()) {
        const ssize_t n = ::pread(file, bytes.data() + n_read, bytes.size() - n_read,
                                  offset + static_cast<std::int64_t>(n_read));
        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            throw_errno("cannot read " + path, errno);
        }
        n_read += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    return n_read;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    for (const std::byte byte : bytes) {
        crc = (crc >> 8U) ^ crc_table[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFFU];
    }
    return ~crc;
}

std::vector<std::byte> make_record(std::span<const std::byte> payload) {
    FAINTWEB_EXPECTS(payload.size() <= max_payload_bytes);
    RecordHeader header{.n_bytes = static_cast<std::uint32_t>(payload.size())};
    header.crc = crc_of_record(header.n_bytes, payload);
    std::vector<std::byte> record(sizeof(header) + payload.size());
    std::memcpy(record.data(), &header, sizeof(header));
    std::ranges::copy(payload, record.begin() + sizeof(header));
    return record;
}

RecordWriter::RecordWriter(const std::string& path, std::int64_t n_bytes)
    : path_(path), file_(path, O_WRONLY | O_CREAT), n_bytes_(n_bytes) {
    if (::ftruncate(file_.number(), n_bytes) != 0) {
        throw_errno("cannot shorten " + path, errno);
    }
}

std::int64_t RecordWriter::append(std::span<const std::byte> payload) {
    const std::int64_t offset = n_bytes_;
    const std::vector<std::byte> record = make_record(payload);
    write_at(file_, path_, offset, record);
    n_bytes_ += static_cast<std::int64_t>(record.size());
    return offset;
}

void RecordWriter::flush() {
    if (::fdatasync(file_.number()) != 0) {
        throw_errno("cannot flush " + path_, errno);
    }
}

std::int64_t read_records(
    const std::string& path,
    std::int64_t first,
    const std::function<void(std::int64_t offset, std::span<const std::byte> payload)>& take) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) {
            return first;
        }
        throw_errno("cannot read " + path, errno);
    }
    const Descriptor file(path, O_RDONLY);
    // A window that slides over the file and grows where a record is larger.
    std::vector<std::byte> window(std::size_t{1} << 20);
    std::size_t n_filled = read_at(file.number(), path, first, window);
    std::size_t next = 0;
    for (std::int64_t offset = first;;) {
        RecordHeader header;
        const auto fill_from_next = [&] {
            std::memmove(window.data(), window.data() + next, n_filled - next);
            n_filled -= next;
            n_filled += read_at(file.number(), path, offset + static_cast<std::int64_t>(n_filled),
                                std::span(window).subspan(n_filled));
            next = 0;
        };
        if (n_filled - next < sizeof(header)) {
            fill_from_next();
        }
        if (n_filled - next < sizeof(header)) {
            return offset;
        }
        std::memcpy(&header, window.data() + next, sizeof(header));
        if (header.n_bytes > max_payload_bytes) {
            return offset;
        }
        const std::size_t n_record = sizeof(header) + header.n_bytes;
        if (n_filled - next < n_record) {
            window.resize(std::max(window.size(), n_record));
            fill_from_next();
        }
        if (n_filled - next < n_record) {
            return offset;
        }
        const std::span payload(window.data() + next + sizeof(header), header.n_bytes);
        if (header.crc != crc_of_record(header.n_bytes, payload)) {
            return offset;
        }
        take(offset, payload);
        next += n_record;
        offset += static_cast<std::int64_t>(n_record);
    }
}

std::vector<std::byte> read_record(const Descriptor& file,
                                   const std::string& path,
                                   std::int64_t offset) {
    RecordHeader header;
    std::vector<std::byte> payload;
    if (read_at(file.number(), path, offset, std::as_writable_bytes(std::span(&header, 1))) ==
            sizeof(header) &&
        header.n_bytes <= max_payload_bytes) {
        payload.resize(header.n_bytes);
        if (read_at(file.number(), path, offset + record_header_bytes, payload) == payload.size() &&
            header.crc == crc_of_record(header.n_bytes, payload)) {
            return payload;
        }
    }
    throw InputError(fmt::format("the record at byte {} of {} is damaged", offset, path));
}

}  // namespace faintweb::base
