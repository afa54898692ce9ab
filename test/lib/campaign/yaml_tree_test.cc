// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/yaml_tree.h"

#include <chrono>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::campaign {
namespace {

std::string place(int line, int column) {
    return fmt::format("f:{}:{}", line, column);
}

Node parse(const std::string& text) {
    return parse_yaml(text, place);
}

std::string fault_of(const std::string& text) {
    try {
        parse(text);
    } catch (const base::UsageError& error) {
        return error.what();
    }
    return "no fault";
}

std::string repeated(const std::string& piece, int n) {
    std::string text;
    for (int i = 0; i < n; ++i) {
        text += piece;
    }
    return text;
}

TEST(YamlTree, KeepsValuesOrderAndPlaces) {
    const Node root = parse("a: 1\nb:\n  c: [x, '2']\n  d:\n");
    ASSERT_EQ(root.kind, Node::Kind::mapping);
    ASSERT_EQ(root.keys.size(), 2u);
    EXPECT_EQ(root.keys[0].text, "a");
    EXPECT_EQ(root.values[0].text, "1");
    EXPECT_EQ(root.values[0].where, "f:1:4");
    const Node& b = root.values[1];
    ASSERT_EQ(b.keys.size(), 2u);
    const Node& list = b.values[0];
    ASSERT_EQ(list.kind, Node::Kind::sequence);
    ASSERT_EQ(list.values.size(), 2u);
    EXPECT_FALSE(list.values[0].is_quoted);
    EXPECT_TRUE(list.values[1].is_quoted);
    EXPECT_EQ(list.values[1].where, "f:3:10");
    EXPECT_EQ(b.values[1].kind, Node::Kind::null);
}

TEST(YamlTree, KeepsBothOfTwoEqualKeys) {
    const Node root = parse("a: 1\na: 2\n");
    ASSERT_EQ(root.keys.size(), 2u);
    EXPECT_EQ(root.values[1].text, "2");
}

TEST(YamlTree, TakesByteOrderMarkCommentsAndCrLf) {
    EXPECT_EQ(parse("\xEF\xBB\xBF"
                    "a: 1\n")
                  .values.at(0)
                  .where,
              "f:1:4");
    EXPECT_EQ(parse("# c\r\na: 1\r\n").values.at(0).text, "1");
    EXPECT_EQ(parse("a: [1,\n\t\n 2]\n").values.at(0).values.size(), 2u);  // tabs alone in a line
    EXPECT_EQ(parse("a:\t1\n").values.at(0).text, "1");                    // tab after the colon
    EXPECT_EQ(parse("---\na: 1\n...\n").values.at(0).text, "1");
}

TEST(YamlTree, NothingIsANullNode) {
    for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF", "~"}) {
        EXPECT_EQ(parse(text).kind, Node::Kind::null) << text;
    }
}

TEST(YamlTree, RefusesWhatIsNoCampaignText) {
    const std::string byte_why =
        " is no text (a campaign is a YAML file in UTF-8), give a text file";
    EXPECT_EQ(fault_of(std::string("a: 1\nb\0c", 8)), "f:2:2: the byte 0" + byte_why);
    EXPECT_EQ(fault_of("a: \x1b[0m"), "f:1:4: the byte 27" + byte_why);
    EXPECT_EQ(fault_of("a: \xFF\xFE"), "f:1:4: the byte 255" + byte_why);
    EXPECT_EQ(fault_of("a: \xC3"), "f:1:4: the byte 195" + byte_why);  // cut short
    EXPECT_EQ(fault_of("\xFF\xFE"
                       "a"),
              "f:1:1: the byte 255" + byte_why);  // UTF-16
    EXPECT_EQ(fault_of("\x89HDF\r\n"), "f:1:1: the byte 137" + byte_why);
    EXPECT_EQ(
        fault_of("a:\n\tb: 1\n"),
        "f:2:1: a tab in the indentation (YAML allows only spaces there), replace it by spaces");
    EXPECT_EQ(
        fault_of("a:\n  \tb: 1\n"),
        "f:2:3: a tab in the indentation (YAML allows only spaces there), replace it by spaces");
    EXPECT_EQ(
        fault_of("a: 1\n---\nb: 1\n"),
        "f:3:1: a second YAML document (a campaign is one), remove it or the line '---' before "
        "it");
    EXPECT_EQ(fault_of("a: !!python/object:os.system [x]\n"),
              "f:1:4: the YAML tag 'tag:yaml.org,2002:python/object:os.system' (a campaign holds "
              "plain values only), leave it out");
}

TEST(YamlTree, NamesThePlaceOfASyntaxFault) {
    EXPECT_EQ(fault_of("a: [1, 2\nb: 3\n").rfind("f:2:2: not YAML (", 0), 0u)
        << fault_of("a: [1, 2\nb: 3\n");
    EXPECT_EQ(fault_of("a: 1\n  b: 2\n").rfind("f:2:4: not YAML (illegal map value)", 0), 0u)
        << fault_of("a: 1\n  b: 2\n");
}

TEST(YamlTree, RefusesAliasBomb) {
    std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'z'; ++c) {
        bomb += fmt::format("{}: &{} [*{}, *{}]\n", c, c, char(c - 1), char(c - 1));
    }
    const std::string why =
        ": an anchor or alias (a campaign holds plain values only), write the value itself";
    EXPECT_EQ(fault_of(bomb), "f:1:4" + why);
    EXPECT_EQ(fault_of("a: &x 1\n"), "f:1:4" + why);
    EXPECT_NE(fault_of("a: *x\n"), "no fault");
}

// Every way to nest, 10^5 levels deep: an answer and no stack overflow, within seconds.
TEST(YamlTree, RefusesDeepNestingWithoutRecursion) {
    const auto start = std::chrono::steady_clock::now();
    constexpr int n = 100'000;
    std::string block;
    for (int i = 0; i < 1'000; ++i) {
        block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    for (const std::string& text :
         {repeated("[", n), repeated("{", n), repeated("{a: ", n), repeated("[a: ", n),
          repeated("- ", n), repeated("? ", n), repeated("{? ", n),
          repeated("[", n) + repeated("]", n), repeated("[\n", n), block}) {
        const std::string fault = fault_of(text);
        EXPECT_NE(fault.find("nested deeper than 32 levels"), std::string::npos)
            << text.substr(0, 10) << " -> " << fault;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(YamlTree, LimitsAreExact) {
    const auto nested = [](int n) { return repeated("[", n) + repeated("]", n); };
    EXPECT_EQ(fault_of(nested(32)), "no fault");
    EXPECT_EQ(fault_of(nested(33)),
              "f:1:33: nested deeper than 32 levels (a campaign has two), give a campaign file");
    EXPECT_EQ(fault_of("[" + repeated("1,", 9'999) + "]"), "no fault");
    EXPECT_EQ(
        fault_of("[" + repeated("1,", 10'000) + "]"),
        "f:1:20000: more than 10000 values (a campaign needs far fewer), give a campaign file");
    const std::string most = "a: 1\n#" + std::string(max_yaml_bytes - 6, 'x');
    EXPECT_EQ(fault_of(most), "no fault");
    EXPECT_EQ(fault_of(most + "x"),
              "f:1:1: 1048577 bytes (a campaign has at most 1048576), give a campaign file");
}

// A megabyte of one character: whatever the answer is, it comes soon.
TEST(YamlTree, AnyMegabyteIsAnsweredSoon) {
    const auto start = std::chrono::steady_clock::now();
    for (const char c : std::string("[]{}-?:,#&*!|>'\"%@` a0\n~=<.\\")) {
        fault_of(std::string(max_yaml_bytes, c));
    }
    for (const char* piece :
         {"a:\n", "- a\n", "'", "&a ", "!a ", "a: b\n", "%a\n", "a,", ": ", "--- "}) {
        std::string text = repeated(piece, 300'000);
        text.resize(std::min(text.size(), max_yaml_bytes));
        fault_of(text);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace faintweb::campaign
