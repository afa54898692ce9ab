#include "lib/learn/tile_store.h"

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

struct TileStore::File {
    explicit File(const std::string& folder) : path(folder + "/tiles.XXXXXX") {
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
            if (done <= 0 && errno != EINTR) {
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

TileStore::TileStore(std::size_t tile_size)
    : TileStore(tile_size, std::numeric_limits<std::size_t>::max(), "") {}

TileStore::TileStore(std::size_t tile_size, std::size_t max_bytes, std::string folder)
    : tile_size_(tile_size),
      max_in_memory_(max_bytes / (tile_size * sizeof(std::uint16_t))),
      folder_(std::move(folder)) {
    FAINTWEB_EXPECTS(tile_size >= 1);
}
TileStore::~TileStore() = default;
TileStore::TileStore(TileStore&&) noexcept = default;
TileStore& TileStore::operator=(TileStore&&) noexcept = default;

void TileStore::add(std::span<const float> tile) {
    FAINTWEB_EXPECTS(tile.size() == tile_size_);
    if (n_tiles_ < max_in_memory_) {
        std::transform(tile.begin(), tile.end(), std::back_inserter(memory_), to_half);
    } else {
        if (!file_) {
            file_ = std::make_unique<File>(folder_);
        }
        std::vector<std::uint16_t> halves(tile_size_);
        std::transform(tile.begin(), tile.end(), halves.begin(), to_half);
        const std::size_t n_bytes = tile_size_ * sizeof(std::uint16_t);
        file_->transfer(::pwrite,
                        reinterpret_cast<const char*>(halves.data()),
                        n_bytes,
                        (n_tiles_ - max_in_memory_) * n_bytes,
                        "write");
    }
    ++n_tiles_;
}

void TileStore::read(std::size_t index, std::span<std::uint16_t> out) const {
    FAINTWEB_EXPECTS(index < n_tiles_ && out.size() == tile_size_);
    if (index < max_in_memory_) {
        std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(index * tile_size_),
                    tile_size_,
                    out.begin());
        return;
    }
    const std::size_t n_bytes = tile_size_ * sizeof(std::uint16_t);
    file_->transfer(::pread,
                    reinterpret_cast<char*>(out.data()),
                    n_bytes,
                    (index - max_in_memory_) * n_bytes,
                    "read");
}

}  // namespace faintweb::learn
