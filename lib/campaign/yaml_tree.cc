// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/yaml_tree.h"

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <utility>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "lib/base/error.h"

namespace faintweb::campaign {
namespace {

/// Length of the UTF-8 character that starts here, 0 if none does.
std::size_t utf8_length(const std::string& text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (at + length > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (byte(at + i) < 0x80 || byte(at + i) >= 0xC0) {
            return 0;
        }
    }
    return length;
}

bool is_control(unsigned char c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

/// Refuses what no editor writes into a campaign, before yaml-cpp sees it.
void check_characters(const std::string& text, const Where& where) {
    int line = 1;
    std::size_t line_start = 0;
    bool is_indentation = true;
    for (std::size_t i = 0; i < text.size();) {
        const auto place = [&] { return where(line, static_cast<int>(i - line_start) + 1); };
        const std::size_t length = utf8_length(text, i);
        if (length == 0 || is_control(static_cast<unsigned char>(text[i]))) {
            throw base::UsageError(fmt::format(
                "{}: the byte {} is no text (a campaign is a YAML file in UTF-8), give a text file",
                place(), int{static_cast<unsigned char>(text[i])}));
        }
        if (text[i] == '\n') {
            ++line;
            line_start = i + 1;
            is_indentation = true;
        } else if (text[i] == '\t' && is_indentation) {
            const std::size_t next = text.find_first_not_of(" \t\r", i);
            if (next != std::string::npos && text[next] != '\n' && text[next] != '#') {
                throw base::UsageError(place() +
                                       ": a tab in the indentation (YAML allows only spaces "
                                       "there), replace it by spaces");
            }
        } else if (text[i] != ' ') {
            is_indentation = false;
        }
        i += length;
    }
}

/// Builds the tree from yaml-cpp's events. Its own YAML::Node is not used: it keeps the last of two
/// equal keys without a word and shares aliased nodes. A limit that is passed throws from inside
/// the event, which stops yaml-cpp before it recurses further.
class TreeBuilder : public YAML::EventHandler {
  public:
    explicit TreeBuilder(const Where& where) : where_(where) {}

    Node take_root() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(start(mark, "", anchor, Node::Kind::null));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_alias(mark); }
    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = start(mark, tag, anchor, Node::Kind::scalar);
        node.text = value;
        node.is_quoted = tag == "!";
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(start(mark, tag, anchor, Node::Kind::sequence), mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(start(mark, tag, anchor, Node::Kind::mapping), mark);
    }
    void OnMapEnd() override { close(); }

  private:
    std::string place(const YAML::Mark& mark) const {
        return where_(mark.line + 1, mark.column + 1);
    }

    [[noreturn]] void refuse_alias(const YAML::Mark& mark) const {
        throw base::UsageError(place(mark) +
                               ": an anchor or alias (a campaign holds plain values only), write "
                               "the value itself");
    }

    Node start(const YAML::Mark& mark,
               const std::string& tag,
               YAML::anchor_t anchor,
               Node::Kind kind) {
        if (anchor != YAML::NullAnchor) {
            refuse_alias(mark);
        }
        // "?" and "!" are yaml-cpp's marks of plain and quoted scalars, not tags of the file.
        if (!tag.empty() && tag != "?" && tag != "!") {
            throw base::UsageError(place(mark) + ": the YAML tag '" + tag +
                                   "' (a campaign holds plain values only), leave it out");
        }
        if (++n_nodes_ > max_yaml_nodes) {
            throw base::UsageError(fmt::format(
                "{}: more than {} values (a campaign needs far fewer), give a campaign file",
                place(mark), max_yaml_nodes));
        }
        Node node;
        node.kind = kind;
        node.where = place(mark);
        return node;
    }

    void open(Node node, const YAML::Mark& mark) {
        if (open_.size() == max_yaml_depth) {
            throw base::UsageError(fmt::format(
                "{}: nested deeper than {} levels (a campaign has two), give a campaign file",
                place(mark), max_yaml_depth));
        }
        open_.push_back(std::move(node));
    }

    void close() {
        Node node = std::move(open_.back());
        open_.pop_back();
        add(std::move(node));
    }

    void add(Node node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Node& parent = open_.back();
        const bool is_key =
            parent.kind == Node::Kind::mapping && parent.keys.size() == parent.values.size();
        (is_key ? parent.keys : parent.values).push_back(std::move(node));
    }

    const Where& where_;
    Node root_;
    std::vector<Node> open_;
    std::size_t n_nodes_ = 0;
};

}  // namespace

Node parse_yaml(const std::string& text, const Where& where) {
    if (text.size() > max_yaml_bytes) {
        throw base::UsageError(
            fmt::format("{}: {} bytes (a campaign has at most {}), give a campaign file",
                        where(1, 1), text.size(), max_yaml_bytes));
    }
    const bool has_byte_order_mark = text.starts_with("\xEF\xBB\xBF");
    const std::string content = has_byte_order_mark ? text.substr(3) : text;
    check_characters(content, where);

    TreeBuilder builder(where);
    try {
        std::istringstream stream(content);
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        Node root = builder.take_root();
        TreeBuilder second(where);
        if (parser.HandleNextDocument(second)) {
            throw base::UsageError(second.take_root().where +
                                   ": a second YAML document (a campaign is one), remove it or the "
                                   "line '---' before it");
        }
        return root;
    } catch (const YAML::Exception& error) {
        const int line = std::max(0, error.mark.line) + 1;
        const int column = std::max(0, error.mark.column) + 1;
        throw base::UsageError(where(line, column) + ": not YAML (" + error.msg +
                               "), correct the text there");
    }
}

}  // namespace faintweb::campaign
