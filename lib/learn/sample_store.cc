// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/sample_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include <unistd.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/learn/half.h"

namespace faintweb::learn {

struct SampleStore::File {
    explicit File(const std::string& folder) : path(folder + "/samples.XXXXXX") {
        number = ::mkstemp(path.data());
        if (number < 0) {
            base::throw_errno("cannot make " + path, errno);
        }
        ::unlink(path.c_str());
    }
    ~File() { ::close(number); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    /// Calls pwrite or pread until all bytes are through.
    template <typename Byte, typename Call>
    void transfer(
        Call call, Byte* bytes, std::size_t n, std::size_t offset, const char* what) const {
        while (n > 0) {
            const ssize_t done = call(number, bytes, n, static_cast<off_t>(offset));
            if (done == 0 || (done < 0 && errno != EINTR)) {
                base::throw_errno(std::string("cannot ") + what + " " + path,
                                  done < 0 ? errno : EIO);
            }
            const auto n_done = static_cast<std::size_t>(std::max<ssize_t>(done, 0));
            bytes += n_done;
            n -= n_done;
            offset += n_done;
        }
    }

    std::string path;
    int number;
};

SampleStore::SampleStore(std::size_t sample_size)
    : SampleStore(sample_size, std::numeric_limits<std::size_t>::max(), "") {}

SampleStore::SampleStore(std::size_t sample_size, std::size_t max_bytes, std::string folder)
    : sample_size_(sample_size),
      max_in_memory_(max_bytes / (sample_size * sizeof(std::uint16_t))),
      folder_(std::move(folder)) {
    FAINTWEB_EXPECTS(sample_size >= 1);
}
SampleStore::~SampleStore() = default;
SampleStore::SampleStore(SampleStore&&) noexcept = default;
SampleStore& SampleStore::operator=(SampleStore&&) noexcept = default;

void SampleStore::add(std::span<const float> sample) {
    FAINTWEB_EXPECTS(sample.size() == sample_size_);
    if (n_samples_ < max_in_memory_) {
        std::transform(sample.begin(), sample.end(), std::back_inserter(memory_), to_half);
    } else {
        if (!file_) {
            file_ = std::make_unique<File>(folder_);
        }
        std::vector<std::uint16_t> halves(sample_size_);
        std::transform(sample.begin(), sample.end(), halves.begin(), to_half);
        const std::size_t n_bytes = sample_size_ * sizeof(std::uint16_t);
        file_->transfer(::pwrite, reinterpret_cast<const char*>(halves.data()), n_bytes,
                        (n_samples_ - max_in_memory_) * n_bytes, "write");
    }
    ++n_samples_;
}

void SampleStore::read(std::size_t index, std::span<std::uint16_t> out) const {
    FAINTWEB_EXPECTS(index < n_samples_ && out.size() == sample_size_);
    if (index < max_in_memory_) {
        std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(index * sample_size_),
                    sample_size_, out.begin());
        return;
    }
    const std::size_t n_bytes = sample_size_ * sizeof(std::uint16_t);
    file_->transfer(::pread, reinterpret_cast<char*>(out.data()), n_bytes,
                    (index - max_in_memory_) * n_bytes, "read");
}

}  // namespace faintweb::learn
