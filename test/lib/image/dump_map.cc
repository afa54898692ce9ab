// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Prints what lib/image makes of a map, for compare_astropy.py; not installed.
//   dump_map FILE [--beam MAJ,MIN,PA] [--unit U] [--pixel P] [--hdu N] [--write OUT.fits]
//            [--window X0,Y0,COLS,ROWS,OUT.f32]... [--hash X0,Y0,COLS,ROWS]...
//             [--sky X,Y]... [--at RA,DEC]...
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/image/fits_map.h"
#include "lib/image/fits_write.h"
#include "lib/image/wcs.h"

namespace {

using namespace faintweb;

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) {
        parts.push_back(part);
    }
    return parts;
}

image::MapWindow window_of(const std::vector<std::string>& parts) {
    return {std::stoll(parts.at(0)), std::stoll(parts.at(1)), std::stoll(parts.at(2)),
            std::stoll(parts.at(3))};
}

void dump_window(const image::FitsMap& map, const std::string& request) {
    const auto parts = split(request);
    const image::Image picture = map.read(window_of(parts));
    std::ofstream out(parts.at(4), std::ios::binary);
    out.write(reinterpret_cast<const char*>(picture.pixels.data()),
              static_cast<std::streamsize>(picture.pixels.size() * sizeof(float)));
}

void run(const std::vector<std::string>& arguments) {
    image::MapOptions options;
    std::vector<std::pair<std::string, std::string>> requests;
    for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
        const std::string& value = arguments[i + 1];
        if (arguments[i] == "--beam") {
            const auto parts = split(value);
            options.beam =
                image::Beam{std::stod(parts.at(0)), std::stod(parts.at(1)), std::stod(parts.at(2))};
        } else if (arguments[i] == "--unit") {
            options.unit = image::parse_unit(value);
        } else if (arguments[i] == "--pixel") {
            options.pixel_arcsec = std::stod(value);
        } else if (arguments[i] == "--hdu") {
            options.hdu = std::stoi(value);
        } else {
            requests.emplace_back(arguments[i], value);
        }
    }
    const image::FitsMap map = image::FitsMap::open(arguments.at(0), options);
    const image::MapInfo& info = map.info();
    std::printf("map %d %lld %lld %s %.17g %.17g %d %.17g\n", info.hdu,
                static_cast<long long>(info.cols), static_cast<long long>(info.rows),
                image::unit_name(info.unit), info.pixel_arcsec, info.frequency_hz,
                info.has_wcs ? 1 : 0, info.jy_arcsec2_per_unit);
    if (info.beam) {
        std::printf("beam %.17g %.17g %.17g\n", info.beam->major_arcsec, info.beam->minor_arcsec,
                    info.beam->angle_deg);
    }
    for (const auto& [kind, value] : requests) {
        const auto parts = split(value);
        if (kind == "--window") {
            dump_window(map, value);
        } else if (kind == "--hash") {
            const image::MapWindow window = window_of(parts);
            const image::MapWindow all{-1, -2, info.cols + 5, info.rows + 4};
            std::printf("hash %s\n", map.read_and_hash(all, window).hash.c_str());
            std::printf("hash %s\n", map.read_and_hash(window, window).hash.c_str());
        } else if (kind == "--sky") {
            const auto sky =
                image::Wcs(info.header_cards).sky(std::stod(parts.at(0)), std::stod(parts.at(1)));
            sky ? std::printf("sky %.17g %.17g\n", sky->ra_deg, sky->dec_deg)
                : std::printf("sky none\n");
        } else if (kind == "--at") {
            const auto at = image::Wcs(info.header_cards)
                                .pixel({std::stod(parts.at(0)), std::stod(parts.at(1))});
            at ? std::printf("at %.17g %.17g\n", at->first, at->second) : std::printf("at none\n");
        } else if (kind == "--write") {
            const image::Wcs wcs(info.header_cards);
            const auto middle = wcs.sky(static_cast<double>(info.cols - 1) / 2,
                                        static_cast<double>(info.rows - 1) / 2);
            image::write_fits(value, map.read({0, 0, info.cols, info.rows}),
                              {.object = "it's " + info.object,
                               .bunit = image::unit_name(info.unit),
                               .beam = info.beam,
                               .pixel_arcsec = info.pixel_arcsec,
                               .centre = middle.value(),
                               .frequency_hz = info.frequency_hz,
                               .history = {"copied by dump_map", std::string(100, 'x')}});
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run({argv + 1, argv + argc});
        return 0;
    } catch (const base::Error& error) {
        std::cout << error.what() << '\n';
        return static_cast<int>(error.code());
    }
}
