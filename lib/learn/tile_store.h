#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace faintweb::learn {

/// Tiles of one size as half-precision numbers: in memory up to a limit, the rest in a file that
/// has no name and goes with the process.
class TileStore {
  public:
    /// In memory, all of them.
    ///
    /// @param tile_size  pixels of a tile, >= 1.
    explicit TileStore(std::size_t tile_size);
    /// @param max_bytes  of memory, >= 0.
    /// @param folder     of the file, which is made when it is needed.
    TileStore(std::size_t tile_size, std::size_t max_bytes, std::string folder);
    ~TileStore();
    TileStore(TileStore&&) noexcept;
    TileStore& operator=(TileStore&&) noexcept;

    std::size_t tile_size() const { return tile_size_; }
    std::size_t size() const { return n_tiles_; }
    bool is_spilled() const { return file_ != nullptr; }

    /// @param tile  [tile_size], scaled.
    /// @throws DiskError, InputError  if it cannot be written to the file.
    void add(std::span<const float> tile);
    /// Any thread may read while none adds.
    ///
    /// @param index  < size().
    /// @param out    [tile_size] bits of half-precision numbers.
    /// @throws DiskError, InputError  if it cannot be read from the file.
    void read(std::size_t index, std::span<std::uint16_t> out) const;

  private:
    struct File;
    std::size_t tile_size_;
    std::size_t max_in_memory_;
    std::string folder_;
    std::size_t n_tiles_ = 0;
    std::vector<std::uint16_t> memory_;  // [at most max_in_memory_, tile_size_]
    std::unique_ptr<File> file_;         // the tiles after those
};

}  // namespace faintweb::learn
