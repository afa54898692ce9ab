// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/fits_map.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <fitsio.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/image/fits_write.h"
#include "test/lib/image/refused_map.h"

namespace faintweb::image {
namespace {

namespace fs = std::filesystem;

std::string gzip(const std::string& bytes) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, bytes.size()), '\0');
    std::string copy = bytes;
    stream.next_in = reinterpret_cast<Bytef*>(copy.data());
    stream.avail_in = static_cast<uInt>(copy.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

TEST(FitsMap, ReadsARealMapWithItsBeamInHistory) {
    const FitsMap map = FitsMap::open(test_data + "nvss-toothbrush.fits");
    const MapInfo& info = map.info();
    EXPECT_EQ(info.cols, 482);
    EXPECT_EQ(info.rows, 408);
    EXPECT_EQ(info.unit, PixelUnit::jy_beam);
    EXPECT_TRUE(info.has_wcs);
    EXPECT_NEAR(info.pixel_arcsec, 7.5, 1e-4);
    EXPECT_EQ(info.frequency_hz, 1.4e9);
    ASSERT_TRUE(info.beam.has_value());
    EXPECT_NEAR(info.beam->major_arcsec, 45, 1e-9);
    EXPECT_NEAR(info.jy_arcsec2_per_unit, 1 / (1.1330900354567985 * 45 * 45), 1e-12);
    EXPECT_EQ(info.header_sha256, base::sha256(info.header_cards));
    EXPECT_EQ(info.header_cards.size() % 80, 0U);
}

TEST(FitsMap, WindowIsThePartOfTheWholeAndBlankPastTheEdge) {
    const FitsMap map = FitsMap::open(test_data + "nvss-a2256.fits");
    const Image whole = map.read({0, 0, map.info().cols, map.info().rows});
    for (const MapWindow window :
         {MapWindow{100, 200, 40, 30}, MapWindow{-5, -7, 20, 20}, MapWindow{470, 440, 30, 30},
          MapWindow{479, 445, 1, 1}, MapWindow{-50, 0, 20, 4}, MapWindow{600, 700, 3, 3}}) {
        const Image part = map.read(window);
        ASSERT_EQ(part.rows, window.rows);
        ASSERT_EQ(part.cols, window.cols);
        for (std::int64_t row = 0; row < part.rows; ++row) {
            for (std::int64_t col = 0; col < part.cols; ++col) {
                const std::int64_t x = window.x0 + col;
                const std::int64_t y = window.y0 + row;
                const bool is_inside = x >= 0 && y >= 0 && x < whole.cols && y < whole.rows;
                const float expected =
                    is_inside ? whole.at(y, x) : std::numeric_limits<float>::quiet_NaN();
                ASSERT_TRUE(part.at(row, col) == expected ||
                            (std::isnan(part.at(row, col)) && std::isnan(expected)))
                    << x << ' ' << y;
            }
        }
    }
}

struct PixelFormat {
    int bitpix;
    double bscale = 1;
    double bzero = 0;
    std::optional<std::int64_t> blank = {};

    bool is_plain() const { return bscale == 1 && bzero == 0; }
    std::size_t n_bytes() const { return static_cast<std::size_t>(std::abs(bitpix)) / 8; }
};

/// One pixel, byte by byte, scaled in the precision that astropy takes for its type.
float slow_pixel(const PixelFormat& format, const char* bytes) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < format.n_bytes(); ++i) {
        bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
    }
    const auto scaled = [&](auto value) {
        using T = decltype(value);
        return static_cast<float>(format.is_plain() ? value
                                                    : value * static_cast<T>(format.bscale) +
                                                          static_cast<T>(format.bzero));
    };
    if (format.bitpix == -32) {
        return scaled(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    }
    if (format.bitpix == -64) {
        return scaled(std::bit_cast<double>(bits));
    }
    const int n_unused = 64 - format.bitpix;
    const auto raw = format.bitpix == 8 ? static_cast<std::int64_t>(bits)
                                        : static_cast<std::int64_t>(bits << n_unused) >> n_unused;
    if (raw == format.blank) {
        return std::numeric_limits<float>::quiet_NaN();
    }
    if (format.bitpix <= 16) {
        return scaled(static_cast<float>(raw));
    }
    if (format.bscale == 1 && format.bzero == 0x1p63) {
        return static_cast<float>(bits ^ std::uint64_t{1} << 63);
    }
    return format.is_plain() && !format.blank ? static_cast<float>(raw)
                                              : scaled(static_cast<double>(raw));
}

TEST(FitsMap, EveryPixelFormatIsReadAsASlowReaderDoes) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    // A row of floats, and all rows of bytes, are longer than what is read at once.
    constexpr std::int64_t cols = 70'000;
    constexpr std::int64_t rows = 4;
    constexpr double bscale = 0.045777;
    constexpr double bzero = -1500.125;
    std::mt19937_64 random(1);
    std::string bytes(static_cast<std::size_t>(cols * rows) * 8, '\0');
    std::generate(bytes.begin() + 8, bytes.end(), [&] { return static_cast<char>(random()); });
    for (const PixelFormat& format :
         {PixelFormat{8}, PixelFormat{8, bscale, bzero, 0}, PixelFormat{16},
          PixelFormat{16, 1, 0x1p15}, PixelFormat{16, bscale, bzero, 0}, PixelFormat{32},
          PixelFormat{32, 1, 0x1p31}, PixelFormat{32, bscale, bzero, 0}, PixelFormat{64},
          PixelFormat{64, 1, 0, 0}, PixelFormat{64, 1, 0x1p63}, PixelFormat{64, bscale, bzero, 0},
          PixelFormat{-32}, PixelFormat{-32, bscale, bzero}, PixelFormat{-64},
          PixelFormat{-64, bscale, bzero}}) {
        auto cards = primary_cards(format.bitpix, {std::to_string(cols), std::to_string(rows)});
        cards.emplace_back("BSCALE", std::to_string(format.bscale));
        cards.emplace_back("BZERO", std::to_string(format.bzero));
        if (format.blank) {
            cards.emplace_back("BLANK", std::to_string(*format.blank));
        }
        const auto pixel_bytes = static_cast<std::int64_t>(format.n_bytes());
        write_bytes(
            path,
            raw_fits(cards, bytes.substr(0, static_cast<std::size_t>(cols * rows * pixel_bytes))));
        Image whole = make_image(rows, cols);
        for (std::int64_t i = 0; i < cols * rows; ++i) {
            whole.pixels[static_cast<std::size_t>(i)] =
                slow_pixel(format, bytes.data() + i * pixel_bytes);
        }
        const FitsMap map = FitsMap::open(path, all_given);
        for (const MapWindow window :
             {MapWindow{0, 0, cols, rows}, MapWindow{0, 1, cols, 2},
              MapWindow{0, -2, cols, rows + 5}, MapWindow{3, 1, cols - 7, 2},
              MapWindow{-5, -2, cols + 11, rows + 3}, MapWindow{cols - 20, 2, 40, 9},
              MapWindow{-9, 0, 10, 1}, MapWindow{cols, 0, 3, 3}}) {
            const Image expected = cut_out(whole, in_image(window));
            const Image image = map.read(window);
            EXPECT_EQ(image.rows, window.rows);
            EXPECT_EQ(image.cols, window.cols);
            // Bit for bit, but any NaN is a blank.
            EXPECT_TRUE(std::ranges::equal(image.pixels, expected.pixels,
                                           [](float a, float b) {
                                               return std::bit_cast<std::uint32_t>(a) ==
                                                          std::bit_cast<std::uint32_t>(b) ||
                                                      (std::isnan(a) && std::isnan(b));
                                           }))
                << "BITPIX " << format.bitpix << " BZERO " << format.bzero << " window "
                << window.x0 << ' ' << window.y0 << ' ' << window.cols << ' ' << window.rows;
        }
    }
}

/// 16-bit integers 0, 1, 2 ... , Rice-compressed row by row.
void write_rice_map(const std::string& path, std::int64_t cols, std::int64_t rows) {
    fitsfile* file = nullptr;
    int status = 0;
    std::vector<short> values(static_cast<std::size_t>(cols * rows));
    std::iota(values.begin(), values.end(), short{0});
    std::vector<long> axes{cols, rows};
    fits_create_diskfile(&file, path.c_str(), &status);
    fits_set_compression_type(file, RICE_1, &status);
    fits_create_img(file, SHORT_IMG, 2, axes.data(), &status);
    fits_write_img(file, TSHORT, 1, cols * rows, values.data(), &status);
    fits_close_file(file, &status);
    ASSERT_EQ(status, 0);
}

TEST(FitsMap, SeveralThreadsReadOneObject) {
    const TestFolder folder;
    write_rice_map(folder / "rice.fits", 200, 150);
    std::string data;
    for (int i = 0; i < 200 * 150; ++i) {
        data += {static_cast<char>(i >> 8), static_cast<char>(i)};
    }
    const std::string bytes = raw_fits(primary_cards(16, {"200", "150"}), data);
    write_bytes(folder / "plain.fits", bytes);
    write_bytes(folder / "packed.fits.gz", gzip(bytes));
    for (const char* const name : {"plain.fits", "packed.fits.gz", "rice.fits"}) {
        const FitsMap map = FitsMap::open(folder / name, all_given);
        std::atomic<int> n_wrong = 0;
        {
            std::vector<std::jthread> threads;
            for (std::int64_t thread = 0; thread < 4; ++thread) {
                threads.emplace_back([&map, &n_wrong, thread] {
                    for (std::int64_t i = 0; i < 3000; ++i) {
                        const std::int64_t y = i * (2 * thread + 7) % 150;
                        const MapWindow window =
                            i % 2 == 0 ? MapWindow{17, y, 100, 1} : MapWindow{0, y, 200, 1};
                        std::vector<float> expected(static_cast<std::size_t>(window.cols));
                        std::iota(expected.begin(), expected.end(),
                                  static_cast<float>(y * 200 + window.x0));
                        n_wrong += map.read(window).pixels == expected ? 0 : 1;
                    }
                });
            }
        }
        EXPECT_EQ(n_wrong, 0) << name;
    }
}

TEST(FitsMap, TwoMapsOfOneFileAreIndependent) {
    const FitsMap first = FitsMap::open(test_data + "nvss-a2256.fits");
    {
        const FitsMap second = FitsMap::open(test_data + "nvss-a2256.fits");
        EXPECT_EQ(first.read({5, 5, 9, 9}).pixels, second.read({5, 5, 9, 9}).pixels);
    }
    EXPECT_EQ(first.read({0, 0, 1, 1}).pixels.size(), 1U);
}

TEST(FitsMap, FirstUsableImageOrTheOneAskedFor) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    std::vector<std::pair<std::string, std::string>> image = {{"XTENSION", "'IMAGE   '"},
                                                              {"BITPIX", "8"},
                                                              {"NAXIS", "2"},
                                                              {"NAXIS1", "4"},
                                                              {"NAXIS2", "5"},
                                                              {"PCOUNT", "0"},
                                                              {"GCOUNT", "1"}};
    std::string extension = raw_fits(image, std::string(20, '\7'));
    write_bytes(path, raw_fits(primary_cards(8, {}), "") + extension + extension +
                          "rubbish behind the last one");
    EXPECT_EQ(FitsMap::open(path, all_given).info().hdu, 1);
    MapOptions options = all_given;
    options.hdu = 2;
    const FitsMap map = FitsMap::open(path, options);
    EXPECT_EQ(map.info().hdu, 2);
    EXPECT_EQ(map.read({0, 0, 4, 5}).pixels, std::vector<float>(20, 7.0F));
    options.hdu = 0;
    expect_refusal_with(path, "--hdu", options);
    options.hdu = 3;
    expect_refusal_with(path, "has no HDU 3", options);
}

TEST(FitsMap, AnImageOfNoiseOrWeightsIsNotTakenWhileThereIsAnother) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const auto image = [](const std::string& key, const std::string& name) {
        Cards cards = {{"XTENSION", "'IMAGE   '"},
                       {"BITPIX", "8"},
                       {"NAXIS", "2"},
                       {"NAXIS1", "4"},
                       {"NAXIS2", "5"},
                       {"PCOUNT", "0"},
                       {"GCOUNT", "1"}};
        if (!key.empty()) {
            cards.emplace_back(key, "'" + name + "'");
        }
        return raw_fits(cards, std::string(20, '\7'));
    };
    const std::string empty = raw_fits(primary_cards(8, {}), "");
    const auto chosen = [&](const std::string& bytes) {
        write_bytes(path, bytes);
        return FitsMap::open(path, all_given).info();
    };
    for (const auto& [key, name] : Cards{{"EXTNAME", "RMS"},
                                         {"EXTNAME", "weight_map"},
                                         {"EXTNAME", "ERR"},
                                         {"BTYPE", "Weight"},
                                         {"OBJECT", "MASK"},
                                         {"EXTNAME", "PSF"},
                                         {"EXTNAME", "local rms"},
                                         {"EXTNAME", "NOISEMAP"}}) {
        const MapInfo info = chosen(empty + image(key, name) + image("", ""));
        EXPECT_EQ(info.hdu, 2) << name;
        const auto note = std::ranges::find_if(info.notes, [&](const std::string& line) {
            return line.find("HDU 1 (" + name + ")") != std::string::npos;
        });
        EXPECT_NE(note, info.notes.end()) << name;
        // Alone it is what there is; asked for, it is what is wanted.
        EXPECT_EQ(chosen(empty + image(key, name)).hdu, 1) << name;
    }
    EXPECT_EQ(chosen(empty + image("EXTNAME", "MASKED SKY") + image("", "")).hdu, 1);
    EXPECT_EQ(chosen(empty + image("EXTNAME", "SCI") + image("EXTNAME", "WHT")).hdu, 1);
    MapOptions first = all_given;
    first.hdu = 1;
    write_bytes(path, empty + image("EXTNAME", "RMS") + image("", ""));
    EXPECT_EQ(FitsMap::open(path, first).info().hdu, 1);
    // Damage behind the image that is taken costs nothing.
    EXPECT_EQ(chosen(empty + image("", "") + image("", "").substr(0, 2880)).hdu, 1);
    EXPECT_EQ(chosen(gzip(empty + image("", "") + image("EXTNAME", "RMS"))).hdu, 1);
}

TEST(FitsMap, BrokenHeadersAreRefused) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const std::string good = small_map();
    ASSERT_NO_THROW((write_bytes(path, good), FitsMap::open(path, all_given)));
    const auto bad = [&](const std::string& bytes, const std::string& word) {
        write_bytes(path, bytes);
        expect_refusal_with(path, word);
    };
    bad("", "is empty");
    bad("S", "too short");
    bad("SIMPLE  =                    T", "shorter");
    bad(good.substr(0, 2880), "ends before its data");
    bad(good.substr(0, 2880 + 10), "ends before its data");
    bad(good.substr(0, 2880 + 24), "inside its last block");
    bad(std::string(good).replace(good.find("END "), 3, "XXX"), "no END");
    bad("<!DOCTYPE html>" + good, "not a FITS file");
    const auto header = [](int bitpix, const std::vector<std::string>& axes) {
        return raw_fits(primary_cards(bitpix, axes), std::string(2880, '\0'));
    };
    bad(header(8, {}), "NAXIS = 0");
    bad(header(8, {"12"}), "NAXIS = 1");
    bad(header(8, {"0", "5"}), "NAXIS1 = 0");
    bad(header(8, {"-3", "5"}), "NAXIS1 = -3");
    bad(header(8, {"3.5", "5"}), "NAXIS1");
    bad(header(8, {"2147483648", "5"}), "ends before");
    bad(header(-64, {"2147483648", "4294967296"}), "overflow");
    bad(header(-64, {"9223372036854775807", "1"}), "overflow");
    bad(header(8, {"99999999999999999999", "1"}), "NAXIS1");
    bad(header(12, {"3", "2"}), "BITPIX");
    bad(header(8, {"3", "2", "1", "1", "1", "1", "1"}), "NAXIS = 7");
    bad(raw_fits({{"SIMPLE", "T"}, {"BITPIX", "8"}, {"NAXIS", "999"}}, ""), "NAXIS1");
    bad(raw_fits({{"SIMPLE", "T"}, {"BITPIX", "8"}, {"NAXIS", "1000000"}}, ""), "NAXIS");
    const std::string no_group = raw_fits({{"XTENSION", "'IMAGE   '"},
                                           {"BITPIX", "8"},
                                           {"NAXIS", "2"},
                                           {"NAXIS1", "3"},
                                           {"NAXIS2", "2"},
                                           {"PCOUNT", "0"},
                                           {"GCOUNT", "0"}},
                                          "abcdef");
    bad(raw_fits(primary_cards(8, {}), "") + no_group, "GCOUNT");
    bad(gzip(raw_fits(primary_cards(8, {}), "") + no_group), "GCOUNT");
    bad(raw_fits(
            {{"SIMPLE", "T"}, {"NAXIS", "2"}, {"NAXIS1", "3"}, {"NAXIS2", "2"}, {"BITPIX", "8"}},
            "abcdef"),
        "BITPIX");
    auto cards = primary_cards(-32, {"3", "2"});
    for (int i = 0; i < 1'000'000; ++i) {
        cards.emplace_back("FILLER", "1");
    }
    bad(raw_fits(cards, std::string(24, '\0')), "more than 10000 cards");
}

TEST(FitsMap, CutShortAfterOpeningIsRefusedAndNotInvented) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    fs::copy_file(test_data + "nvss-a2256.fits", path);
    const FitsMap map = FitsMap::open(path);
    fs::resize_file(path, 100'000);
    for (const MapWindow window :
         {MapWindow{0, 300, 480, 100}, MapWindow{0, 0, 480, 447}, MapWindow{7, 40, 9, 30}}) {
        try {
            map.read(window);
            ADD_FAILURE() << "was read";
        } catch (const base::InputError& error) {
            EXPECT_EQ(std::string(error.what()),
                      path + ": the file became shorter while it was read, run again");
        }
    }
}

TEST(FitsMap, CompressionThatCannotBeTrustedIsRefused) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    const Cards good = {{"XTENSION", "'BINTABLE'"},
                        {"BITPIX", "8"},
                        {"NAXIS", "2"},
                        {"NAXIS1", "8"},
                        {"NAXIS2", "2"},
                        {"PCOUNT", "16"},
                        {"GCOUNT", "1"},
                        {"TFIELDS", "1"},
                        {"TTYPE1", "'COMPRESSED_DATA'"},
                        {"TFORM1", "'1PB(8)'"},
                        {"ZIMAGE", "T"},
                        {"ZBITPIX", "16"},
                        {"ZNAXIS", "2"},
                        {"ZNAXIS1", "3"},
                        {"ZNAXIS2", "2"},
                        {"ZTILE1", "3"},
                        {"ZTILE2", "1"},
                        {"ZCMPTYPE", "'RICE_1'"},
                        {"ZVAL1", "32"},
                        {"ZVAL2", "2"}};
    // Both tiles: 8 bytes at the start of the heap.
    const std::string table({0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0});
    const auto bad = [&](const std::string& key, const std::string& value, const std::string& word,
                         std::string data) {
        Cards cards = good;
        for (auto& [name, old] : cards) {
            old = name == key ? value : old;
        }
        data.resize(32, '\0');
        write_bytes(path, raw_fits(primary_cards(8, {}), "") + raw_fits(cards, data));
        expect_refusal_with(path, word);
    };
    bad("ZCMPTYPE", "'HCOMPRESS_1'", "HCOMPRESS_1", table);
    bad("ZVAL1", "0", "Rice", table);
    bad("ZVAL2", "-4", "Rice", table);
    bad("ZTILE1", "0", "ZTILE1", table);
    bad("ZNAXIS2", "3", "compressed tiles", table);
    bad("ZNAXIS1", "-3", "ZNAXIS1", table);
    bad("ZNAXIS1", "9000000000000000000", "overflow", table);
    bad("ZBITPIX", "7", "ZBITPIX", table);
    bad("TFIELDS", "100000", "TFIELDS", table);
    std::string outside = table;
    outside[0] = '\x7f';
    bad("ZVAL2", "2", "outside", outside);
    outside = table;
    outside[12] = '\x01';
    bad("ZVAL2", "2", "outside", outside);
    // One tile of 30,000 x 30,000: more than the limit of unpacking.
    Cards cards = good;
    for (auto& [name, value] : cards) {
        value = name == "ZNAXIS1" || name == "ZTILE1" || name == "ZNAXIS2" || name == "ZTILE2"
                    ? "30000"
                : name == "NAXIS2" ? "1"
                                   : value;
    }
    write_bytes(path, raw_fits(primary_cards(8, {}), "") + raw_fits(cards, table));
    expect_refusal_with(path, "max_unpacked_bytes");
}

TEST(FitsMap, DamagedGzipTileIsRefusedAndDoesNotHang) {
    const TestFolder folder;
    const std::string path = folder / "m.fits";
    // One tile of 100 x 2 whose deflate stream stops in its middle.
    std::string packed = gzip(std::string(200, 'a') + std::string(200, 'b'));
    packed.resize(packed.size() - 14);
    const Cards cards = {{"XTENSION", "'BINTABLE'"},
                         {"BITPIX", "8"},
                         {"NAXIS", "2"},
                         {"NAXIS1", "8"},
                         {"NAXIS2", "1"},
                         {"PCOUNT", std::to_string(packed.size())},
                         {"GCOUNT", "1"},
                         {"TFIELDS", "1"},
                         {"TTYPE1", "'COMPRESSED_DATA'"},
                         {"TFORM1", "'1PB(99)'"},
                         {"ZIMAGE", "T"},
                         {"ZBITPIX", "16"},
                         {"ZNAXIS", "2"},
                         {"ZNAXIS1", "100"},
                         {"ZNAXIS2", "2"},
                         {"ZTILE1", "100"},
                         {"ZTILE2", "2"},
                         {"ZCMPTYPE", "'GZIP_1'"}};
    const std::string row({0, 0, 0, static_cast<char>(packed.size()), 0, 0, 0, 0});
    write_bytes(path, raw_fits(primary_cards(8, {}), "") + raw_fits(cards, row + packed));
    expect_refusal_with(path, "GZIP tile");
}

TEST(FitsMap, GzipIsUnpackedUpToItsLimitAndVerified) {
    const TestFolder folder;
    const std::string path = folder / "m.fits.gz";
    const std::string packed = gzip(small_map());
    write_bytes(path, packed);
    EXPECT_EQ(FitsMap::open(path, all_given).read({1, 0, 2, 2}).pixels,
              (std::vector<float>{1, 2, 4, 5}));
    // By its bytes, not by its name.
    fs::rename(path, folder / "plain-name");
    EXPECT_NO_THROW(FitsMap::open(folder / "plain-name", all_given));

    write_bytes(path, packed.substr(0, packed.size() - 12));
    expect_refusal_with(path, "ends too early");
    std::string damaged = packed;
    damaged[packed.size() - 6] = static_cast<char>(damaged[packed.size() - 6] ^ 1);  // its checksum
    write_bytes(path, damaged);
    expect_refusal_with(path, "damaged");

    MapOptions small = all_given;
    small.max_unpacked_bytes = 2'000'000;
    write_bytes(path, gzip(small_map() + std::string(50'000'000, '\0')));
    expect_refusal_with(path, "max_unpacked_bytes", small);
    write_bytes(path, gzip(std::string(50'000'000, '\0')));
    expect_refusal_with(path, "not a FITS file", small);
    write_bytes(path,
                gzip(raw_fits(primary_cards(8, {"3000", "1000"}), std::string(3'000'000, '\0'))));
    expect_refusal_with(path, "max_unpacked_bytes", small);
    EXPECT_NO_THROW(FitsMap::open(path, all_given));
}

TEST(FitsMap, NamesAreNamesAndOnlyRegularFilesAreOpened) {
    const TestFolder folder;
    const std::string bytes = small_map();
    for (const std::string name :
         {"a[1:2,1:2].fits", "b(c).fits", "!d.fits", "-", " lead", "~", "~root", "Köln Ω.fits",
          "mem:", "x.fits+1", "stdin", "e*f?.fits", "q'uote\".fits"}) {
        write_bytes(folder / name, bytes);
        EXPECT_EQ(FitsMap::open(folder / name, all_given).info().cols, 3) << name;
    }
    fs::create_directory(folder / "http:");
    write_bytes(folder / "http:/e.fits", bytes);
    EXPECT_NO_THROW(FitsMap::open(folder / "http://e.fits", all_given));
    EXPECT_NO_THROW(FitsMap::open(folder / "http:/../!d.fits", all_given));
    fs::create_symlink(folder / "!d.fits", folder / "link");
    EXPECT_NO_THROW(FitsMap::open(folder / "link", all_given));

    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    expect_refusal_with(folder / "pipe", "not a regular file");
    expect_refusal_with("/dev/zero", "not a regular file");
    expect_refusal_with(folder / "http:", "is a folder");
    expect_refusal_with(folder / "nothing\nhere", "No such file");
    expect_refusal_with("", "No such file");
}

TEST(FitsMap, EveryRealAndHostileFileIsReadOrRefusedWithOneLine) {
    const char* const given = std::getenv("FAINTWEB_SHARED_DATA");
    const fs::path shared = given != nullptr ? given : FAINTWEB_SOURCE_DIR "/../shared/data";
    if (!fs::is_directory(shared)) {
        GTEST_SKIP() << shared << " is not there (set FAINTWEB_SHARED_DATA)";
    }
    int n_read = 0;
    int n_refused = 0;
    for (const char* const part : {"real", "hostile"}) {
        for (const auto& entry : fs::directory_iterator(shared / part)) {
            for (const MapOptions& options : {MapOptions{}, all_given}) {
                try {
                    const FitsMap map = FitsMap::open(entry.path(), options);
                    const Image image = map.read({0, 0, map.info().cols, map.info().rows});
                    EXPECT_EQ(image.rows * image.cols, map.info().rows * map.info().cols);
                    EXPECT_GT(map.info().jy_arcsec2_per_unit, 0);
                    ++n_read;
                } catch (const base::InputError& error) {
                    const std::string message = error.what();
                    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
                    EXPECT_EQ(message.rfind(entry.path().string(), 0), 0U) << message;
                    ++n_refused;
                    // With all facts given all real maps are read; one of them has no BUNIT.
                    EXPECT_TRUE(std::string(part) == "hostile" || !options.unit) << message;
                }
            }
        }
    }
    EXPECT_GE(n_read, 35) << n_refused << " refused";
    EXPECT_GE(n_refused, 12) << n_read << " read";
}

}  // namespace
}  // namespace faintweb::image
