// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/catalogue_provenance.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>
#include <hdf5.h>

#include "lib/catalogue/tables.h"
#include "mpi/io/catalogue_layout.h"
#include "mpi/io/table.h"

namespace faintweb::io {
namespace {

using catalogue::MapRecord;
using catalogue::Provenance;

/// The cards of a header that say something; comments and history are not needed for a WCS.
std::vector<std::string> useful_cards(const std::string& header) {
    std::vector<std::string> cards;
    for (std::size_t i = 0; i < header.size(); i += layout::header_card_bytes) {
        std::string card = header.substr(i, layout::header_card_bytes);
        const std::string_view key = std::string_view(card).substr(0, 8);
        if (key == "HISTORY " || key == "COMMENT " || key == "        ") {
            continue;
        }
        card.resize(layout::header_card_bytes, ' ');
        cards.push_back(std::move(card));
    }
    return cards;
}

/// The compound type of a row {key, value} of texts.
Hdf5Handle entry_type(std::size_t key_bytes, std::size_t value_bytes) {
    Hdf5Handle entry(H5Tcreate(H5T_COMPOUND, key_bytes + value_bytes), &H5Tclose);
    H5Tinsert(entry.id(), "key", 0, text_type(key_bytes).id());
    H5Tinsert(entry.id(), "value", key_bytes, text_type(value_bytes).id());
    return entry;
}

std::string padded(std::string text, std::size_t n_bytes) {
    text.resize(n_bytes, '\0');
    return text;
}

void add_entries(const File& file, const char* path, const catalogue::Entries& entries) {
    std::size_t key_bytes = 1;
    std::size_t value_bytes = 1;
    for (const auto& [key, value] : entries) {
        key_bytes = std::max(key_bytes, key.size());
        value_bytes = std::max(value_bytes, value.size());
    }
    std::string block;
    for (const auto& [key, value] : entries) {
        block += padded(key, key_bytes) + padded(value, value_bytes);
    }
    file.add_dataset(path, entry_type(key_bytes, value_bytes),
                     {static_cast<std::int64_t>(entries.size())})
        .write(block.data());
}

/// A dataset of texts of one length.
///
/// @return  all, one after the other with their padding.
std::string read_texts(const File& file, const char* path, const OnDamage& damaged) {
    const Dataset dataset = open_dataset(file, path, damaged);
    const Hdf5Handle type = dataset.type();
    if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) > 0) {
        damaged(fmt::format("{} is no text", path));
    }
    std::string block(static_cast<std::size_t>(dataset.n_elements()) * H5Tget_size(type.id()),
                      '\0');
    dataset.read(type, block.data());
    return block;
}

catalogue::Entries read_entries(const File& file, const char* path, const OnDamage& damaged) {
    const Dataset dataset = open_dataset(file, path, damaged);
    const Hdf5Handle type = dataset.type();
    const std::size_t size = H5Tget_size(type.id());
    if (H5Tget_class(type.id()) != H5T_COMPOUND || H5Tget_nmembers(type.id()) != 2) {
        damaged(fmt::format("{} is no table of keys and values", path));
    }
    const std::size_t key_bytes = H5Tget_member_offset(type.id(), 1);
    if (key_bytes > size) {
        damaged(fmt::format("{} has no room for its keys", path));
    }
    std::string block(static_cast<std::size_t>(dataset.n_elements()) * size, '\0');
    dataset.read(entry_type(key_bytes, size - key_bytes), block.data());
    catalogue::Entries entries;
    for (std::size_t at = 0; at < block.size(); at += size) {
        const std::string_view row = std::string_view(block).substr(at, size);
        entries.emplace_back(unpadded(row.substr(0, key_bytes)), unpadded(row.substr(key_bytes)));
    }
    return entries;
}

/// Cuts the cards of all maps into one text per map.
std::vector<std::string> headers_of(const std::vector<MapRecord>& maps,
                                    const std::string& cards,
                                    const OnDamage& damaged) {
    std::vector<std::string> headers;
    const auto n_cards = static_cast<std::int64_t>(cards.size() / layout::header_card_bytes);
    for (const MapRecord& map : maps) {
        if (map.first_header_card < 0 || map.n_header_cards < 0 ||
            map.first_header_card > n_cards ||
            map.n_header_cards > n_cards - map.first_header_card) {
            damaged("a map's header cards are missing");
        }
        headers.push_back(cards.substr(
            static_cast<std::size_t>(map.first_header_card) * layout::header_card_bytes,
            static_cast<std::size_t>(map.n_header_cards) * layout::header_card_bytes));
    }
    return headers;
}

}  // namespace

Dataset open_dataset(const File& file, const std::string& path, const OnDamage& damaged) {
    if (!file.has(path)) {
        damaged(path + " is missing");
    }
    Dataset dataset = file.dataset(path);
    if (!dataset.fits_file()) {
        damaged(path + " is larger than the file");
    }
    return dataset;
}

void add_lines(const File& file, const std::string& path, const std::vector<std::string>& lines) {
    std::size_t length = 1;
    for (const std::string& line : lines) {
        length = std::max(length, line.size());
    }
    std::string block;
    for (const std::string& line : lines) {
        block += padded(line, length);
    }
    file.add_dataset(path, text_type(length), {static_cast<std::int64_t>(lines.size())})
        .write(block.data());
}

std::vector<MapRecord> add_provenance(const File& file,
                                      std::vector<MapRecord> maps,
                                      const Provenance& provenance) {
    std::string cards;
    for (std::size_t m = 0; m < maps.size(); ++m) {
        maps[m].first_header_card =
            static_cast<std::int64_t>(cards.size() / layout::header_card_bytes);
        if (m < provenance.map_headers.size()) {
            for (const std::string& card : useful_cards(provenance.map_headers[m])) {
                cards += card;
                ++maps[m].n_header_cards;
            }
        }
    }
    const Object group = file.add_group(layout::provenance);
    Table<MapRecord>::add(file, catalogue::maps_path, static_cast<std::int64_t>(maps.size()))
        .write(0, maps);
    file.add_dataset(layout::headers, text_type(layout::header_card_bytes),
                     {static_cast<std::int64_t>(cards.size() / layout::header_card_bytes)})
        .write(cards.data());
    file.add_dataset(layout::campaign, text_type(provenance.campaign_text.size()), {})
        .write(provenance.campaign_text.c_str());
    add_entries(file, layout::settings, provenance.settings);
    add_entries(file, layout::versions, provenance.versions);
    group.add_attribute("model_sha256", provenance.model_sha256);
    group.add_attribute("device", provenance.device);
    group.add_attribute("precision", provenance.precision);
    for (const auto& [key, value] : provenance.run) {
        group.add_attribute(key, value);
    }
    return maps;
}

Provenance read_provenance(const File& file,
                           const std::vector<MapRecord>& maps,
                           const OnDamage& damaged) {
    Provenance provenance{
        .campaign_text = unpadded(read_texts(file, layout::campaign, damaged)),
        .settings = read_entries(file, layout::settings, damaged),
        .versions = read_entries(file, layout::versions, damaged),
        .map_headers = headers_of(maps, read_texts(file, layout::headers, damaged), damaged)};
    for (const auto& [key, value] : file.group(layout::provenance).text_attributes()) {
        if (key == "model_sha256") {
            provenance.model_sha256 = value;
        } else if (key == "device") {
            provenance.device = value;
        } else if (key == "precision") {
            provenance.precision = value;
        } else {
            provenance.run.emplace_back(key, value);
        }
    }
    return provenance;
}

}  // namespace faintweb::io
