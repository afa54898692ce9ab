// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace faintweb::campaign {

inline constexpr std::size_t max_yaml_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_yaml_nodes = 10'000;
inline constexpr std::size_t max_yaml_depth = 32;

/// One value of a YAML text, with the place where it stands.
struct Node {
    enum class Kind { null, scalar, sequence, mapping };
    Kind kind = Kind::null;
    std::string where;         ///< "file:line:column", both from 1, or "--set"
    std::string text;          ///< of a scalar
    bool is_quoted = false;    ///< a scalar in quotes is text, whatever it looks like
    std::vector<Node> keys;    ///< of a mapping, in the order of the file, duplicates included
    std::vector<Node> values;  ///< of a mapping, one for each key, or the items of a sequence
};

/// Names a place of the text; line and column count from 1.
using Where = std::function<std::string(int line, int column)>;

/// Reads one YAML document of plain data: mappings, sequences, scalars. Anchors, aliases and tags
/// are refused (settings need none of them, and an alias bomb needs only these), so are control
/// characters, bytes that are no UTF-8, tabs in the indentation and a second document. A text
/// without any value gives a null node.
///
/// @throws UsageError  names the place; also beyond 1 MiB, 10,000 nodes or 32 levels.
Node parse_yaml(const std::string& text, const Where& where);

}  // namespace faintweb::campaign
