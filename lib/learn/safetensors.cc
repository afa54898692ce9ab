// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/learn/checked_json.h"

namespace faintweb::learn {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

using Json = nlohmann::ordered_json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = std::uint64_t{1} << 20;
constexpr const char* metadata_name = "__metadata__";

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
    throw base::UsageError(path + " is not a usable model (" + reason +
                           "); give a .safetensors model written by `faintweb train`");
}

/// What a file of another kind is, by its first bytes.
std::string kind_of_file(std::string_view bytes) {
    struct Magic {
        std::string_view first_bytes;
        const char* kind;
    };
    using namespace std::string_view_literals;
    constexpr Magic kinds[] = {
        {"PK\x03\x04"sv, "it is a zip archive, as TorchScript, .pt and .pt2 files are"},
        {"\x80\x02"sv, "it is a Python pickle"},
        {"\x80\x03"sv, "it is a Python pickle"},
        {"\x80\x04"sv, "it is a Python pickle"},
        {"\x80\x05"sv, "it is a Python pickle"},
        {"\x89HDF\r\n\x1a\n"sv, "it is an HDF5 file"},
        {"\x1f\x8b"sv, "it is compressed with gzip"},
        {"SIMPLE  ="sv, "it is a FITS file"},
    };
    for (const Magic& magic : kinds) {
        if (bytes.starts_with(magic.first_bytes)) {
            return magic.kind;
        }
    }
    return "";
}

/// The JSON text at the start of the file.
std::string_view find_header(std::string_view bytes, const std::string& path) {
    std::uint64_t length = 0;
    if (bytes.size() >= length_bytes) {
        std::memcpy(&length, bytes.data(), length_bytes);
    }
    const bool looks_right = bytes.size() > length_bytes && length <= max_header_bytes &&
                             length <= bytes.size() - length_bytes && bytes[length_bytes] == '{';
    if (looks_right) {
        return bytes.substr(length_bytes, length);
    }
    if (const std::string kind = kind_of_file(bytes); !kind.empty()) {
        refuse(path, kind);
    }
    if (bytes.size() <= length_bytes) {
        refuse(path, base::text("it has only ", bytes.size(), " bytes"));
    }
    if (length > max_header_bytes) {
        refuse(path, base::text("its header is said to be ", length, " bytes, more than 1 MiB"));
    }
    if (length > bytes.size() - length_bytes) {
        refuse(path, base::text("its header of ", length, " bytes is longer than the file"));
    }
    refuse(path, "it has no safetensors header");
}

std::uint64_t to_unsigned(const Json& value, const std::string& what) {
    if (!value.is_number_unsigned()) {
        throw std::runtime_error(what + " is no whole number of 0 or more");
    }
    return value.get<std::uint64_t>();
}

/// Adds the tensor of one header entry, which must begin where the last one ended.
void read_tensor(const std::string& name,
                 const Json& entry,
                 std::string_view data,
                 std::uint64_t& end_of_last,
                 std::vector<Tensor>& tensors) {
    const std::string who = "tensor '" + name + "'";
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") ||
        !entry.contains("shape") || !entry.contains("data_offsets")) {
        throw std::runtime_error(who + " lacks dtype, shape or data_offsets");
    }
    if (entry["dtype"] != "F32") {
        throw std::runtime_error(who + " has the type " + entry["dtype"].dump() + ", not F32");
    }
    const Json& offsets = entry["data_offsets"];
    if (!entry["shape"].is_array() || !offsets.is_array() || offsets.size() != 2) {
        throw std::runtime_error(who + " has a shape or data_offsets of the wrong form");
    }
    const std::uint64_t begin = to_unsigned(offsets[0], who + ": an offset");
    const std::uint64_t end = to_unsigned(offsets[1], who + ": an offset");
    if (begin > end || end > data.size()) {
        throw std::runtime_error(who + " has offsets outside the file");
    }
    if (begin != end_of_last) {
        throw std::runtime_error(who + (begin < end_of_last ? " overlaps another tensor"
                                                            : " has a hole before its data"));
    }
    const std::uint64_t n_there = (end - begin) / sizeof(float);
    std::uint64_t n_needed = 1;
    Tensor tensor{name, {}, {}};
    for (const Json& value : entry["shape"]) {
        const std::uint64_t extent = to_unsigned(value, who + ": an extent");
        // Stops before the product can overflow: no extent of a tensor that fits exceeds the file.
        if (extent == 0 || extent > n_there || n_needed > n_there) {
            throw std::runtime_error(who + " has a shape that does not fit its data");
        }
        n_needed *= extent;
        tensor.shape.push_back(static_cast<std::int64_t>(extent));
    }
    if (n_needed != n_there || (end - begin) % sizeof(float) != 0) {
        throw std::runtime_error(who + " has a shape that does not fit its data");
    }
    tensor.values.resize(n_there);
    std::memcpy(tensor.values.data(), data.data() + begin, n_there * sizeof(float));
    end_of_last = end;
    tensors.push_back(std::move(tensor));
}

}  // namespace

Safetensors parse_safetensors(const std::string& bytes, const std::string& path) {
    const std::string_view header = find_header(bytes, path);
    const std::string_view data = std::string_view(bytes).substr(length_bytes + header.size());
    Safetensors contents;
    try {
        const Json entries = parse_checked_json(header);
        std::vector<std::pair<std::uint64_t, std::string>> order;
        for (const auto& [name, entry] : entries.items()) {
            if (name != metadata_name) {
                // Other writers may list tensors in another order than that of their data.
                const bool has_offsets = entry.is_object() && entry.contains("data_offsets") &&
                                         entry["data_offsets"].is_array() &&
                                         !entry["data_offsets"].empty();
                order.emplace_back(
                    has_offsets ? to_unsigned(entry["data_offsets"][0], "an offset") : 0, name);
                continue;
            }
            if (!entry.is_object()) {
                throw std::runtime_error("its metadata are no object");
            }
            for (const auto& [key, value] : entry.items()) {
                if (!value.is_string()) {
                    throw std::runtime_error("its metadata entry '" + key + "' is no text");
                }
                contents.metadata[key] = value.get<std::string>();
            }
        }
        std::sort(order.begin(), order.end());
        std::uint64_t end_of_last = 0;
        for (const auto& [offset, name] : order) {
            read_tensor(name, entries[name], data, end_of_last, contents.tensors);
        }
        if (end_of_last != data.size()) {
            throw std::runtime_error(
                base::text(data.size() - end_of_last, " bytes at its end belong to no tensor"));
        }
    } catch (const std::runtime_error& error) {
        refuse(path, error.what());
    }
    return contents;
}

std::string safetensors_bytes(const Safetensors& contents) {
    Json header;
    header[metadata_name] = contents.metadata;
    std::uint64_t offset = 0;
    for (const Tensor& tensor : contents.tensors) {
        const std::uint64_t end = offset + tensor.values.size() * sizeof(float);
        header[tensor.name] = {
            {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    // The format's readers map the data into memory: they begin at a multiple of 8 bytes.
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();
    std::string bytes(length_bytes, '\0');
    std::memcpy(bytes.data(), &length, length_bytes);
    bytes += text;
    for (const Tensor& tensor : contents.tensors) {
        const auto raw = std::as_bytes(std::span(tensor.values));
        bytes.append(reinterpret_cast<const char*>(raw.data()), raw.size());
    }
    return bytes;
}

}  // namespace faintweb::learn
