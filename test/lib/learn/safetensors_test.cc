// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/safetensors.h"

#include <cstring>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::learn {
namespace {

/// A file with this header and n_data bytes of zeros behind it.
std::string file_of(const std::string& header, std::size_t n_data) {
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + std::string(n_data, '\0');
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets) {
    return "\"" + name + R"(":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}";
}

/// The one-line reason why the bytes are refused.
std::string refusal(const std::string& bytes) {
    try {
        parse_safetensors(bytes, "file.safetensors");
    } catch (const base::UsageError& error) {
        const std::string message = error.what();
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        EXPECT_EQ(message.find("file.safetensors is not a usable model ("), 0U) << message;
        return message;
    }
    return "accepted";
}

void expect_refused(const std::string& bytes, const std::string& reason) {
    const std::string message = refusal(bytes);
    EXPECT_NE(message.find(reason), std::string::npos) << message;
}

TEST(Safetensors, ComeBackAsTheyWere) {
    Safetensors contents;
    contents.metadata["one"] = "a \"quoted\" text";
    contents.tensors = {{"b", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"a", {1}, {-0.0F}}};
    const std::string bytes = safetensors_bytes(contents);
    const Safetensors back = parse_safetensors(bytes, "x");
    EXPECT_EQ(back.metadata, contents.metadata);
    EXPECT_EQ(back.tensors, contents.tensors);
    EXPECT_EQ(safetensors_bytes(contents), bytes);
}

TEST(Safetensors, TakeTensorsInAnyOrderOfTheHeader) {
    const std::string header =
        "{" + entry("b", "[1]", "[4,8]") + "," + entry("a", "[1]", "[0,4]") + "}";
    const Safetensors contents = parse_safetensors(file_of(header, 8), "x");
    ASSERT_EQ(contents.tensors.size(), 2U);
    EXPECT_EQ(contents.tensors[0].name, "a");
}

TEST(Safetensors, RefuseOtherKindsOfFile) {
    using namespace std::string_literals;
    const std::string tail(100, 'x');
    expect_refused("PK\x03\x04"s + tail, "zip archive, as TorchScript, .pt and .pt2");
    expect_refused("\x80\x02}q\x01."s + tail, "Python pickle");
    expect_refused("\x80\x04\x95\x10\0\0\0\0\0\0\0}"s + tail, "Python pickle");
    expect_refused("\x89HDF\r\n\x1a\n"s + tail, "HDF5");
    expect_refused("\x1f\x8b\x08\0\0\0\0\0\0\x03"s + tail, "gzip");
    expect_refused("SIMPLE  =                    T"s + tail, "FITS");
    expect_refused("just some text, long enough"s, "header");
}

/// A header of 640 bytes begins with the bytes of a pickle, but is none.
TEST(Safetensors, AreNotMistakenForAPickle) {
    std::string header = "{" + entry("a", "[1]", "[0,4]") + "}";
    header.resize(0x280, ' ');
    EXPECT_EQ(parse_safetensors(file_of(header, 4), "x").tensors.size(), 1U);
}

TEST(Safetensors, RefuseHeadersThatAreTooLong) {
    std::string bytes = file_of("{}", 0);
    for (const std::uint64_t length :
         {std::uint64_t{1} << 63, ~std::uint64_t{0}, (std::uint64_t{1} << 20) + 1}) {
        std::memcpy(bytes.data(), &length, 8);
        expect_refused(bytes, "more than 1 MiB");
    }
    const std::uint64_t length = 3;
    std::memcpy(bytes.data(), &length, 8);
    expect_refused(bytes, "longer than the file");
    expect_refused("", "only 0 bytes");
    expect_refused(std::string(8, '\0'), "only 8 bytes");
    expect_refused(std::string(9, '\0'), "no safetensors header");
}

TEST(Safetensors, RefuseBadJson) {
    expect_refused(file_of("{\"a\":", 0), "not valid JSON");
    expect_refused(file_of("{\"a\":1}", 0), "tensor 'a'");
    expect_refused(file_of("{\"\xff\xfe\":{}}", 0), "not valid JSON");
    expect_refused(file_of("{\"a\":" + std::string(500000, '['), 0), "nested");
    expect_refused(file_of(R"({"__metadata__":[]})", 0), "no object");
    expect_refused(file_of(R"({"__metadata__":{"x":1}})", 0), "no text");
    expect_refused(file_of(R"({"__metadata__":{"x":"1","x":"2"}})", 0), "'x' twice");
    const std::string a = entry("a", "[1]", "[0,4]");
    expect_refused(file_of("{" + a + "," + a + "}", 4), "'a' twice");
}

TEST(Safetensors, RefuseBadOffsetsAndShapes) {
    const auto one = [](const std::string& shape, const std::string& offsets, std::size_t n_data) {
        return file_of("{" + entry("a", shape, offsets) + "}", n_data);
    };
    EXPECT_EQ(refusal(one("[2]", "[0,8]", 8)), "accepted");
    expect_refused(one("[2]", "[0,8]", 7), "outside the file");
    expect_refused(one("[2]", "[8,0]", 8), "outside the file");
    expect_refused(one("[2]", "[0,18446744073709551615]", 8), "outside the file");
    expect_refused(one("[2]", "[0,18446744073709551616]", 8), "no whole number");
    expect_refused(one("[2]", "[-8,0]", 8), "no whole number");
    expect_refused(one("[2]", "[0,8.0]", 8), "no whole number");
    expect_refused(one("[2]", "[0]", 8), "wrong form");
    expect_refused(one("[2]", "{}", 8), "wrong form");
    expect_refused(one("[2]", "[4,12]", 12), "hole");
    expect_refused(one("[2]", "[0,8]", 9), "1 bytes at its end");
    expect_refused(one("[3]", "[0,8]", 8), "shape");
    expect_refused(one("[2]", "[0,9]", 9), "shape");
    expect_refused(one("[-2]", "[0,8]", 8), "no whole number");
    expect_refused(one("[0]", "[0,0]", 0), "shape");
    // 2^32 x 2^32 + 2 would wrap round to 2.
    expect_refused(one("[4294967296,4294967296]", "[0,8]", 8), "shape");
    const std::string a = entry("a", "[2]", "[0,8]");
    expect_refused(file_of("{" + a + "," + entry("b", "[2]", "[4,12]") + "}", 12), "overlaps");
    expect_refused(file_of("{" + a + "," + entry("b", "[2]", "[0,8]") + "}", 8), "overlaps");
    expect_refused(file_of("{" + a + "," + entry("b", "[2]", "[12,20]") + "}", 20), "hole");
    expect_refused(file_of(R"({"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})", 8), "F16");
    expect_refused(file_of(R"({"a":{"dtype":"F32","shape":[2]}})", 8), "lacks");
}

}  // namespace
}  // namespace faintweb::learn
