// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/hash.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <vector>

#include <openssl/evp.h>
#include <xxhash.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

std::string hexadecimal(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const unsigned byte : bytes) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15U];
    }
    return hex;
}

}  // namespace

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

void Sha256::add(std::string_view text) {
    EVP_DigestUpdate(state_->context, text.data(), text.size());
}

std::string Sha256::finish() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
    return hexadecimal(digest);
}

struct Xxh3::State {
    XXH3_state_t* state = XXH3_createState();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { XXH3_freeState(state); }
};

Xxh3::Xxh3() : state_(std::make_unique<State>()) {
    XXH3_128bits_reset(state_->state);
}
Xxh3::~Xxh3() = default;

void Xxh3::add(std::span<const std::byte> bytes) {
    XXH3_128bits_update(state_->state, bytes.data(), bytes.size());
}

std::string Xxh3::finish() const {
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state_->state));
    return hexadecimal(digest.digest);
}

std::string xxh3_128(std::span<const std::byte> bytes) {
    Xxh3 hash;
    hash.add(bytes);
    return hash.finish();
}

std::string sha256(std::string_view text) {
    Sha256 hash;
    hash.add(text);
    return hash.finish();
}

std::string sha256_of_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file) {
        throw_errno("cannot read " + path, errno);
    }
    Sha256 hash;
    std::vector<std::byte> buffer(std::size_t{1} << 20);
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        hash.add(std::span(buffer).first(n));
    }
    if (std::ferror(file.get()) != 0) {
        throw_errno("cannot read " + path, errno);
    }
    return hash.finish();
}

std::string sha256_of_pieces(const std::string& path) {
    constexpr int n_pieces = 16;
    std::string piece(std::size_t{64} << 10, '\0');
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const std::streamoff size = file.tellg();
    if (size < 0) {
        throw_errno("cannot read " + path, errno);
    }
    Sha256 hash;
    hash.add(std::to_string(size) + "\n");
    const std::streamoff last =
        std::max(std::streamoff{0}, size - static_cast<std::streamoff>(piece.size()));
    for (int i = 0; i <= n_pieces; ++i) {
        file.clear();  // of an end that was reached
        file.seekg(last / n_pieces * i + last % n_pieces * i / n_pieces);
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        if (file.bad()) {
            throw_errno("cannot read " + path, errno);
        }
        hash.add(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
    }
    return hash.finish();
}

}  // namespace faintweb::base
