// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/value.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace faintweb::campaign {
namespace {

Node parse(const std::string& text) {
    return parse_yaml(text, [](int, int) { return std::string("here"); });
}

/// "VALUE (why), what to do" of the fault, or the value as it prints.
template <typename T>
std::string answer(const std::string& text, const Allowed& allowed = {}) {
    try {
        return print_value(read_value<T>(parse(text), allowed));
    } catch (const Fault& fault) {
        return fault.value + " (" + fault.why + "), " + fault.what_to_do;
    }
}

TEST(Value, WholeNumbers) {
    EXPECT_EQ(answer<int>("7"), "7");
    EXPECT_EQ(answer<int>("+7"), "7");
    EXPECT_EQ(answer<int>("-2147483648"), "-2147483648");
    EXPECT_EQ(answer<int>("2147483648"), "'2147483648' (too large a number), give a smaller one");
    EXPECT_EQ(answer<std::int64_t>("2147483648"), "2147483648");
    EXPECT_EQ(answer<std::int64_t>("9223372036854775808"),
              "'9223372036854775808' (too large a number), give a smaller one");
    EXPECT_EQ(answer<std::uint64_t>("18446744073709551615"), "18446744073709551615");
    EXPECT_EQ(answer<std::uint64_t>("18446744073709551616"),
              "'18446744073709551616' (too large a number), give one below 2^64");
    EXPECT_EQ(answer<std::uint64_t>("-1"), "'-1' (not a whole number of at least 0), give one");
    for (const char* text :
         {"1.5", "1e3", "0x10", "1_000", "ten", "'7'", "+-7", "+", "7 8", "true"}) {
        EXPECT_NE(answer<int>(text).find("(not a whole number), give one"), std::string::npos)
            << text;
    }
    EXPECT_EQ(answer<int>("~"), "empty (not a whole number), give one");
    EXPECT_EQ(answer<int>("[1]"), "a list (not a whole number), give one");
    EXPECT_EQ(answer<int>("{a: 1}"), "a mapping (not a whole number), give one");
}

TEST(Value, NumbersAreFinite) {
    EXPECT_EQ(answer<double>("7e-5"), "7e-05");
    EXPECT_EQ(answer<double>("-.5"), "-0.5");
    EXPECT_EQ(answer<double>("2"), "2");
    for (const char* text : {".nan", ".NaN", "nan", ".inf", "-.inf", "inf", "-inf", "1e999"}) {
        EXPECT_NE(answer<double>(text).find("(not a finite number), give one"), std::string::npos)
            << text;
    }
    for (const char* text : {"1,5", "1.5 arcsec", "0x1p3", "'1'", "", "one"}) {
        EXPECT_NE(answer<double>(text).find("(not a number), give one"), std::string::npos) << text;
    }
}

TEST(Value, RangeEndsAreInOrOut) {
    const Range range = above_up_to(0, 1);
    EXPECT_EQ(answer<double>("0", range), "'0' (outside (0, 1]), give a value in that range");
    EXPECT_EQ(answer<double>("1", range), "1");
    EXPECT_EQ(answer<double>("1.0001", range),
              "'1.0001' (outside (0, 1]), give a value in that range");
    EXPECT_EQ(answer<int>("0", within(1, 9)), "'0' (outside [1, 9]), give a value in that range");
    EXPECT_EQ(answer<int>("1", within(1, 9)), "1");
    EXPECT_EQ(answer<int>("9", within(1, 9)), "9");
    EXPECT_EQ(above(3).text(), "(3, inf)");
    EXPECT_EQ(within(-100'000, 1e12).text(), "[-100000, 1e+12]");
}

TEST(Value, DoublesSurvivePrinting) {
    for (const double value : {0.1, 1.0 / 3, 1e-300, 4.5e-4, 2294.5123456789, 1e22, 5e-324,
                               std::numeric_limits<double>::max()}) {
        EXPECT_EQ(read_double(parse(print_double(value)), {}), value);
    }
}

TEST(Value, TextSurvivesPrinting) {
    for (const std::string value : {"plain",
                                    "two words",
                                    "",
                                    "null",
                                    "true",
                                    "~",
                                    "123",
                                    "1e5",
                                    "-",
                                    "- a",
                                    "a: b",
                                    "#x",
                                    "a #b",
                                    "quo\"te",
                                    "back\\slash",
                                    "new\nline",
                                    "tab\t",
                                    "\x01",
                                    "../up/map-1.fits",
                                    "/abs.fits",
                                    "m[1].fits",
                                    "!x",
                                    "*y",
                                    "&z",
                                    "%",
                                    "@",
                                    "`",
                                    "caf\xC3\xA9",
                                    " lead",
                                    "trail ",
                                    "---",
                                    "...",
                                    ".nan",
                                    "[a, b]",
                                    "{a}",
                                    "'",
                                    "yes",
                                    "a,b"}) {
        const Node in_list = parse("[" + print_text(value) + "]");
        ASSERT_EQ(in_list.values.size(), 1u) << value;
        EXPECT_EQ(read_text(in_list.values[0], {}), value);
        EXPECT_EQ(read_text(parse("k: " + print_text(value)).values.at(0), {}), value);
    }
}

TEST(Value, ChoicesSuggestTheNearest) {
    const Allowed allowed(std::vector<std::string>{"auto", "cpu", "cuda"});
    EXPECT_EQ(answer<std::string>("cpu", allowed), "cpu");
    EXPECT_EQ(answer<std::string>("cdua", allowed),
              "'cdua' (not among auto, cpu or cuda), did you mean cuda?");
    EXPECT_EQ(answer<std::string>("quantum", allowed),
              "'quantum' (not among auto, cpu or cuda), give one of these");
    EXPECT_EQ(answer<std::string>("", not_empty()), "empty (not text), give one value");
    EXPECT_EQ(answer<std::string>("''", not_empty()), "'' (no characters), give a text");
    EXPECT_EQ(answer<std::string>("\"a\\0b\""), "'a?b' (contains a NUL character), leave it out");
}

TEST(Value, NearestCountsASwapAsOneEdit) {
    const std::vector<std::string> words = {"epochs", "augment", "beam"};
    EXPECT_EQ(nearest("epcohs", words), "epochs");
    EXPECT_EQ(nearest("epoch", words), "epochs");
    EXPECT_EQ(nearest("baem", words), "beam");  // one swap; two changes would be too far
    EXPECT_EQ(nearest("xxam", words), "");
    EXPECT_EQ(nearest(std::string(1 << 20, 'e'), words), "");
}

TEST(Value, ListsAndBeams) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(answer<Texts>("[a, 'b c']"), "[a, \"b c\"]");
    EXPECT_EQ(answer<Texts>("[]"), "[]");
    EXPECT_EQ(answer<Texts>("a"), "'a' (not a list), give one, for instance [a, b]");
    EXPECT_EQ(answer<std::optional<double>>("null"), "null");
    EXPECT_EQ(answer<std::optional<double>>("1.5"), "1.5");
    using Beam = std::optional<image::Beam>;
    EXPECT_EQ(answer<Beam>("[45, 40.5, -10]"), "[45, 40.5, -10]");
    EXPECT_EQ(answer<Beam>("[40, 45, 0]"),
              "a list (the minor axis is longer than the major axis), give the longer one first");
    EXPECT_EQ(answer<Beam>("[45, 0, 0]"), "'0' (outside (0, 1000000]), give a value in that range");
    EXPECT_EQ(answer<Beam>("45"),
              "'45' (not three numbers), give the beam's full widths at half maximum and angle, "
              "[major_arcsec, minor_arcsec, angle_deg]");
}

TEST(Value, ShownIsShortAndOneLine) {
    EXPECT_EQ(answer<int>("\"a\\nb\""), "'a?b' (not a whole number), give one");
    EXPECT_EQ(answer<int>("\"\\x1b[31m\""), "'?[31m' (not a whole number), give one");
    const std::string shown_long = answer<int>(std::string(39, 'a') + "\xC3\xA9zzz");
    EXPECT_EQ(shown_long, "'" + std::string(39, 'a') + "...' (not a whole number), give one");
}

}  // namespace
}  // namespace faintweb::campaign
