// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/box_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::io {
namespace {

const std::string settings = "mesh 8, seed 1";

class BoxFile : public testing::Test {
  protected:
    BoxFile() : folder_(testing::TempDir() + fmt::format("faintweb_box_file_{}/", getpid())) {
        std::filesystem::create_directories(folder_);
    }
    ~BoxFile() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ + name; }

    std::size_t n_files() const {
        const std::filesystem::directory_iterator files(folder_);
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

  private:
    std::string folder_;
};

sky::Particles some_particles(int n) {
    sky::Particles particles;
    particles.n = n;
    particles.box_mpc = 50;
    particles.z = 0.081;
    for (int i = 0; i < n * n * n; ++i) {
        const auto x = static_cast<float>(i);
        particles.displacement_mpc.push_back({x, -0.5F * x, 1 / (1 + x)});
        particles.velocity_km_s.push_back({std::sin(x), 1000 * std::cos(x), -0.0F});
    }
    return particles;
}

/// @param density  share of the rows that are not empty.
sky::CodedMap some_map(std::int64_t n, double density, unsigned shift) {
    sky::CodedMap map{.n = n, .low = 1e-15 * shift, .log_step = 4e-4, .codes = {}};
    map.codes.resize(static_cast<std::size_t>(n * n));
    const auto n_full = static_cast<std::size_t>(std::lround(density * static_cast<double>(n * n)));
    for (std::size_t i = 0; i < n_full; ++i) {
        map.codes[i] = static_cast<std::uint16_t>(i * 2654435761U + shift);
    }
    return map;
}

sky::BoxMaps some_maps(std::int64_t n) {
    sky::BoxMaps maps;
    for (unsigned axis = 0; axis < 3; ++axis) {
        maps.layers[sky::Layer::web][axis] = some_map(n, 1, axis + 1);
        maps.layers[sky::Layer::inside_r100][axis] = some_map(n, 0.1, axis + 4);
        maps.layers[sky::Layer::outside_r100][axis] = some_map(n, 0, axis + 7);
    }
    for (unsigned i = 0; i < 5; ++i) {
        maps.haloes.push_back({.position_mpc = {1.5 * i, 2, 3},
                               .mass_msun = 1e14 / (i + 1),
                               .mesh_mass_msun = 2e14,
                               .r200_mpc = 1,
                               .r100_mpc = 1.33,
                               .id = i});
    }
    return maps;
}

bool is_same(const sky::CodedMap& a, const sky::CodedMap& b) {
    return a.n == b.n && a.low == b.low && a.log_step == b.log_step && a.codes == b.codes;
}

bool is_same(const std::vector<sky::BoxHalo>& a, const std::vector<sky::BoxHalo>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.position_mpc == y.position_mpc && x.mass_msun == y.mass_msun &&
               x.mesh_mass_msun == y.mesh_mass_msun && x.r200_mpc == y.r200_mpc &&
               x.r100_mpc == y.r100_mpc && x.id == y.id;
    });
}

/// Reads all of a maps file and compares.
bool holds(const std::string& path, const sky::BoxMaps& maps) {
    for (const auto& [layer, axes] : maps.layers) {
        for (int axis = 0; axis < 3; ++axis) {
            if (!is_same(read_map(path, settings, layer, axis),
                         axes[static_cast<std::size_t>(axis)])) {
                return false;
            }
        }
    }
    return is_same(read_haloes(path, settings), maps.haloes);
}

/// What an UnfitBoxFile says, or "fit".
template <typename Work>
std::string verdict(const Work& work) {
    try {
        work();
    } catch (const UnfitBoxFile& unfit) {
        return unfit.what();
    }
    return "fit";
}

void expect_in(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(BoxFile, ParticlesComeBackBitByBit) {
    sky::Particles particles = some_particles(6);
    particles.velocity_km_s[7][1] = std::numeric_limits<float>::denorm_min();
    write_particles(path("p.h5"), settings, particles);
    const sky::Particles read = read_particles(path("p.h5"), settings);
    EXPECT_EQ(read.n, particles.n);
    EXPECT_EQ(read.box_mpc, particles.box_mpc);
    EXPECT_EQ(read.z, particles.z);
    EXPECT_EQ(read.displacement_mpc, particles.displacement_mpc);
    EXPECT_EQ(read.velocity_km_s, particles.velocity_km_s);
    EXPECT_TRUE(std::signbit(read.velocity_km_s[5][2]));
    EXPECT_EQ(n_files(), 1U);
}

TEST_F(BoxFile, MapsComeBackBitByBit) {
    for (const std::int64_t n : {7, 250, 610}) {  // less than a chunk, one, and parts of chunks
        const sky::BoxMaps maps = some_maps(n);
        write_maps(path("m.h5"), settings, 0.1, maps);
        EXPECT_TRUE(holds(path("m.h5"), maps)) << n;
    }
    EXPECT_EQ(n_files(), 1U);
}

TEST_F(BoxFile, EmptyPartsOfMapsTakeNoRoom) {
    sky::BoxMaps maps;
    maps.layers[sky::Layer::inside_r100].fill(some_map(1000, 0, 1));
    for (sky::CodedMap& map : maps.layers[sky::Layer::inside_r100]) {
        map.codes[500 * 1000 + 700] = 9;
    }
    write_maps(path("m.h5"), settings, 0.1, maps);
    EXPECT_TRUE(holds(path("m.h5"), maps));
    // Three chunks of 250 x 250 codes, and little else.
    EXPECT_GT(std::filesystem::file_size(path("m.h5")), 3U * 125000U);
    EXPECT_LT(std::filesystem::file_size(path("m.h5")), 3U * 125000U + 32768U);
}

TEST_F(BoxFile, RefusesWhatItIsNot) {
    write_maps(path("m.h5"), settings, 0.1, some_maps(7));
    EXPECT_EQ(verdict([&] { check_box_file(BoxFileKind::maps, path("m.h5"), settings); }), "fit");
    expect_in(verdict([&] { read_haloes(path("m.h5"), "mesh 16"); }), "other settings");
    expect_in(verdict([&] { read_particles(path("m.h5"), settings); }), "another format");
    expect_in(verdict([&] { read_haloes(path("none.h5"), settings); }), "missing");
    base::write_file(path("text.h5"), "no HDF5");
    expect_in(verdict([&] { read_haloes(path("text.h5"), settings); }), "damaged");
    EXPECT_THROW(read_map(path("m.h5"), settings, sky::Layer::column_density, 0), base::Error);
    EXPECT_THROW(write_maps(path("none/m.h5"), settings, 0.1, some_maps(7)), base::Error);
}

TEST_F(BoxFile, CutFileIsUnfit) {
    write_maps(path("m.h5"), settings, 0.1, some_maps(300));
    const auto size = std::filesystem::file_size(path("m.h5"));
    for (const auto left : {size - 1, size / 2, std::uintmax_t{100}, std::uintmax_t{0}}) {
        std::filesystem::resize_file(path("m.h5"), left);
        EXPECT_NE(verdict([&] { check_box_file(BoxFileKind::maps, path("m.h5"), settings); }),
                  "fit")
            << left;
    }
}

TEST_F(BoxFile, NoDamagedByteGoesUnnoticed) {
    const sky::BoxMaps maps = some_maps(20);
    write_maps(path("m.h5"), settings, 0.1, maps);
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path("m.h5")));
    int n_noticed = 0;
    int n_tried = 0;
    for (std::int64_t at = 0; at < size; at += 37) {
        std::fstream file(path("m.h5"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(at);
        const int byte = file.get();
        file.seekp(at);
        file.put(static_cast<char>(byte ^ 0x10));
        file.close();
        bool is_whole = false;
        if (verdict([&] { is_whole = holds(path("m.h5"), maps); }) != "fit") {
            ++n_noticed;
        } else {
            EXPECT_TRUE(is_whole) << "byte " << at;  // a byte between HDF5's structures
        }
        ++n_tried;
        std::fstream again(path("m.h5"), std::ios::in | std::ios::out | std::ios::binary);
        again.seekp(at);
        again.put(static_cast<char>(byte));
    }
    EXPECT_GT(n_noticed, n_tried / 2);
    EXPECT_TRUE(holds(path("m.h5"), maps));
}

TEST_F(BoxFile, AllRanksMayWriteTheSameBoxAtOnce) {
    const comm::Communicator& world = test::world();
    std::string shared = path("");
    world.broadcast(shared);
    const sky::BoxMaps maps = some_maps(100);
    for (int i = 0; i < 5; ++i) {
        world.barrier();
        write_maps(shared + "m.h5", settings, 0.1, maps);
        EXPECT_TRUE(holds(shared + "m.h5", maps));
    }
    world.barrier();
    if (world.is_root()) {
        EXPECT_EQ(n_files(), 1U);
    }
    world.barrier();
}

TEST(BoxFileName, TellsBoxesAndSettingsApart) {
    const std::string name = box_file_name(BoxFileKind::maps, 50, 1, 3, settings);
    EXPECT_EQ(name.substr(0, 17), "maps-50mpc-r1-s3-");
    EXPECT_EQ(name.size(), 17U + 12 + 3);
    EXPECT_NE(name, box_file_name(BoxFileKind::maps, 50, 1, 3, settings + " "));
    EXPECT_EQ(box_file_name(BoxFileKind::particles, 12.5, 0, 0, "").substr(0, 24),
              "particles-12.5mpc-r0-s0-");
}

}  // namespace
}  // namespace faintweb::io
