#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace faintweb::base {

/// SHA-256, fed piece by piece.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text);
    template <typename T>
    void add_values(std::span<const T> values) {
        add(std::as_bytes(values));
    }
    /// The digest of all that was added, 64 lower-case hexadecimal digits. Ends the object's use.
    std::string finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256(std::string_view text);

/// @throws InputError  if the file cannot be read.
std::string sha256_of_file(const std::string& path);

/// Of the size of a file and of pieces of 64 KiB: 16 evenly spaced ones, the first at its start,
/// and the last of the file. Quick for any size; all bytes of a file of up to 1 MiB count.
/// @throws InputError  if the file cannot be read.
std::string sha256_of_pieces(const std::string& path);

}  // namespace faintweb::base
