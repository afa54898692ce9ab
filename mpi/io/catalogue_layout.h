// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>

/// Names in a catalogue's file beside those of its tables, which catalogue::field_tables has.
namespace faintweb::io::layout {

inline constexpr const char* format_name = "faintweb catalogue";
inline constexpr const char* digest = "digest";
inline constexpr const char* provenance = "/provenance";
inline constexpr const char* headers = "/provenance/headers";
inline constexpr const char* campaign = "/provenance/campaign";
inline constexpr const char* settings = "/provenance/settings";
inline constexpr const char* versions = "/provenance/versions";
inline constexpr std::size_t header_card_bytes = 80;

}  // namespace faintweb::io::layout
