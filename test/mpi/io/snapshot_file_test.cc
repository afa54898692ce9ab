// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/snapshot_file.h"

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "mpi/io/hdf5_handle.h"

namespace faintweb::io {
namespace {

constexpr int n = 4;
constexpr double z = 0.25;
constexpr double edge_mpc = 50;  // comoving
const sky::Cosmology cosmology;

using Cells = std::vector<double>;

Cells ramp(double first, double step) {
    Cells cells;
    for (int i = 0; i < n * n * n; ++i) {
        cells.push_back(first + step * i);
    }
    return cells;
}

/// A snapshot as yt 4 writes a covering grid of an Enzo box, with h5py's texts of variable length.
struct YtFile {
    std::string group = "grid";
    std::map<std::string, std::pair<Cells, std::string>> fields{
        {"density", {ramp(5e-31, 1e-32), "g/cm**3"}}, {"temperature", {ramp(1e4, 100), "K"}},
        {"velocity_x", {ramp(-3e7, 1e6), "cm/s"}},    {"velocity_y", {ramp(0, 0), "cm/s"}},
        {"velocity_z", {ramp(5e6, 0), "cm/s"}},       {"magnetic_field_x", {ramp(3e-7, 0), "G"}},
        {"magnetic_field_y", {ramp(0, 0), "G"}},      {"magnetic_field_z", {ramp(-4e-7, 0), "G"}},
        {"x", {ramp(0, 1), "code_length"}},
    };
    std::map<std::string, std::vector<double>> attributes{
        {"current_redshift", {z}},           {"omega_matter", {0.308}},
        {"hubble_constant", {0.678}},        {"domain_left_edge", {0, 0, 0}},
        {"domain_right_edge", {1, 1, 1}},    {"domain_dimensions", {2, 2, 2}},
        {"length_unit", {edge_mpc * 0.678}}, {"level", {1}},
    };
    std::map<std::string, std::string> texts{
        {"domain_left_edge_units", "code_length"},
        {"length_unit_units", "Mpccm/h"},
        {"con_args", "('level', 'left_edge', 'ActiveDimensions')"},
        {"container_type", "covering_grid"},
    };
    std::vector<hsize_t> shape{n, n, n};

    void write(const std::string& path) const {
        const Hdf5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                              &H5Fclose);
        for (const auto& [name, values] : attributes) {
            const hsize_t size = values.size();
            const Hdf5Handle space(
                size == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, nullptr), &H5Sclose);
            write_attribute(file, name, space, H5T_NATIVE_DOUBLE, values.data());
        }
        for (const auto& [name, text] : texts) {
            write_text(file, name, text);
        }
        const Hdf5Handle place(
            H5Gcreate2(file.id(), group.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), &H5Gclose);
        const Hdf5Handle space(
            H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), &H5Sclose);
        for (const auto& [name, field] : fields) {
            const Hdf5Handle dataset(H5Dcreate2(place.id(), name.c_str(), H5T_NATIVE_DOUBLE,
                                                space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                                     &H5Dclose);
            H5Dwrite(dataset.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                     field.first.data());
            write_text(dataset, "units", field.second);
        }
    }

  private:
    static void write_attribute(const Hdf5Handle& object,
                                const std::string& name,
                                const Hdf5Handle& space,
                                hid_t type,
                                const void* value) {
        const Hdf5Handle attribute(
            H5Acreate2(object.id(), name.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT),
            &H5Aclose);
        ASSERT_GE(H5Awrite(attribute.id(), type, value), 0);
    }
    static void write_text(const Hdf5Handle& object,
                           const std::string& name,
                           const std::string& text) {
        const Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
        H5Tset_size(type.id(), H5T_VARIABLE);
        const Hdf5Handle scalar(H5Screate(H5S_SCALAR), &H5Sclose);
        const char* const value = text.c_str();
        write_attribute(object, name, scalar, type.id(), &value);
    }
};

class SnapshotFile : public testing::Test {
  protected:
    SnapshotFile() : path_(testing::TempDir() + fmt::format("faintweb_snapshot_{}", getpid())) {}
    ~SnapshotFile() override { std::filesystem::remove(path_); }

    sky::GasMesh read(const YtFile& file, const SnapshotOptions& options = {}) const {
        file.write(path_);
        return read_snapshot(path_, options, cosmology);
    }

    /// The error that a file with one change gives.
    std::string error_of(const std::function<void(YtFile&)>& change,
                         const SnapshotOptions& options = {}) const {
        YtFile file;
        change(file);
        try {
            read(file, options);
        } catch (const base::UsageError& error) {
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            return error.what();
        }
        return "no error";
    }

    std::string path_;
};

void expect_in(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

double mean_gram_per_cm3() {
    return 0.0478 * 1.87834e-29 * 0.678 * 0.678 * std::pow(1 + z, 3);  // Omega_b rho_crit(h) a^-3
}

TEST_F(SnapshotFile, ReadsACoveringGridOfYt) {
    const sky::GasMesh gas = read({});
    EXPECT_EQ(gas.z, z);
    EXPECT_NEAR(gas.box_mpc, edge_mpc, 1e-9);
    ASSERT_EQ(gas.density.n, n);
    for (const auto& [i, j, k] : {std::array{0, 0, 0}, {1, 2, 3}, {3, 0, 2}}) {
        const double cell = (i * n + j) * n + k;
        EXPECT_NEAR(gas.density.at(i, j, k), (5e-31 + 1e-32 * cell) / mean_gram_per_cm3(),
                    1e-3 * gas.density.at(i, j, k));
        EXPECT_FLOAT_EQ(gas.temperature_k.at(i, j, k), static_cast<float>(1e4 + 100 * cell));
        EXPECT_NEAR(gas.velocity_km_s[0].at(i, j, k), -300 + 10 * cell, 1e-4);
        EXPECT_NEAR(gas.velocity_km_s[2].at(i, j, k), 50, 1e-5);
        EXPECT_NEAR(gas.field_ug->at(i, j, k), 0.5, 1e-6);
    }
}

TEST_F(SnapshotFile, FactsAreThoseOfTheGas) {
    YtFile().write(path_);
    const sky::SnapshotFacts facts = snapshot_facts(path_, {}, cosmology);
    EXPECT_EQ(facts.n, n);
    EXPECT_EQ(facts.z, z);
    EXPECT_NEAR(facts.box_mpc, edge_mpc, 1e-9);
}

TEST_F(SnapshotFile, FactsRefuseWhatReadingWould) {
    const auto error = [&](const std::function<void(YtFile&)>& change) -> std::string {
        YtFile file;
        change(file);
        file.write(path_);
        try {
            snapshot_facts(path_, {}, cosmology);
        } catch (const base::UsageError& refusal) {
            return refusal.what();
        }
        return "no error";
    };
    expect_in(error([](YtFile& file) { file.fields.erase("velocity_z"); }), "no field velocity_z");
    expect_in(error([](YtFile& file) { file.fields.erase("magnetic_field_y"); }),
              "no field magnetic_field_y");
    expect_in(error([](YtFile& file) { file.fields["temperature"].second = "keV"; }),
              "temperature has the unit \"keV\"");
    expect_in(error([](YtFile& file) { file.attributes["omega_matter"] = {0.272}; }), "0.272");
    // Cells are looked at when they are read.
    EXPECT_EQ(error([](YtFile& file) { file.fields["density"].first[5] = -1; }), "no error");
}

TEST_F(SnapshotFile, ReadsOtherUnitsAndNames) {
    YtFile file;
    file.group = "data";
    file.attributes["domain_right_edge"] = {3.0857e24 * 40, 3.0857e24 * 40, 3.0857e24 * 40};
    file.texts["domain_left_edge_units"] = "cm";
    file.fields["density"] = {ramp(mean_gram_per_cm3() * 1000, 0), "kg / m^3"};
    file.fields["Temp"] = {ramp(2, 0), ""};
    file.fields["velocity_x"].second = "km/s";
    for (const char* name : {"magnetic_field_x", "magnetic_field_y", "magnetic_field_z"}) {
        file.fields.erase(name);
    }
    const sky::GasMesh gas = read(file, {.temperature = {.name = "/data/Temp", .factor = 1e6}});
    EXPECT_NEAR(gas.box_mpc, 40 * (1 + z), 1e-9);
    EXPECT_NEAR(gas.density.at(1, 1, 1), 1, 1e-3);
    EXPECT_FLOAT_EQ(gas.temperature_k.at(1, 1, 1), 2e6F);
    EXPECT_FLOAT_EQ(gas.velocity_km_s[0].at(0, 0, 1), -2.9e7F);
    EXPECT_FALSE(gas.field_ug.has_value());
}

TEST_F(SnapshotFile, NamesWhatIsMissing) {
    expect_in(error_of([](YtFile& file) { file.fields.erase("temperature"); }),
              "no field temperature (there are: density, magnetic_field_x");
    expect_in(error_of([](YtFile& file) { file.fields.erase("magnetic_field_y"); }),
              "no field magnetic_field_y");
    expect_in(error_of([](YtFile& file) { file.attributes.erase("current_redshift"); }),
              "no attribute current_redshift), write it into the file");
    expect_in(error_of([](YtFile& file) { file.attributes.erase("domain_left_edge"); }),
              "no attributes domain_left_edge and domain_right_edge of three numbers each), write "
              "them into the file");
    expect_in(error_of([](YtFile& file) { file.attributes.erase("length_unit"); }),
              "no attribute length_unit), write it into the file");
    expect_in(error_of([](YtFile&) {}, {.group = "gas"}),
              "no group gas), give the group of the fields as snapshot.group");
}

TEST_F(SnapshotFile, RefusesUnitsThatItDoesNotKnow) {
    expect_in(error_of([](YtFile& file) { file.fields["density"].second = "code_density"; }),
              "density has the unit \"code_density\"; known are ");
    for (const auto& [field, key] : {std::pair{"density", "density"},
                                     {"temperature", "temperature"},
                                     {"velocity_y", "velocity"},
                                     {"magnetic_field_z", "magnetic_field"}}) {
        expect_in(error_of([&](YtFile& file) { file.fields[field].second = "stone"; }),
                  fmt::format("), give snapshot.{}_factor", key));
    }
    expect_in(error_of([](YtFile& file) { file.texts["domain_left_edge_units"] = "unitary"; }),
              "), write its edges in one of them");
}

TEST_F(SnapshotFile, RefusesAnotherCosmology) {
    const std::string message =
        error_of([](YtFile& file) { file.attributes["omega_matter"] = {0.272}; });
    expect_in(message, "0.272");
    expect_in(message, "0.308");
    expect_in(error_of([](YtFile& file) { file.attributes["hubble_constant"] = {0.7}; }),
              "its h is 0.7, that");
    YtFile close;
    close.attributes["omega_matter"] = {0.31};  // within 1 %
    close.attributes["hubble_constant"] = {67.8};
    EXPECT_EQ(read(close).z, z);
    EXPECT_TRUE(snapshot_facts(path_, {}, cosmology).missing.empty());
}

TEST_F(SnapshotFile, ComparesWhatItTellsOfItsCosmology) {
    expect_in(error_of([](YtFile& file) {
                  file.attributes.erase("hubble_constant");
                  file.attributes["omega_matter"] = {0.272};
              }),
              "its Omega_m is 0.272, that of the campaign 0.308");
    expect_in(error_of([](YtFile& file) {
                  file.attributes.erase("omega_matter");
                  file.attributes["hubble_constant"] = {70};
              }),
              "its h is 0.7, that of the campaign 0.678");
    const auto missing_of = [&](const std::vector<std::string>& erased) {
        YtFile file;
        for (const std::string& attribute : erased) {
            file.attributes.erase(attribute);
        }
        file.write(path_);
        return snapshot_facts(path_, {}, cosmology).missing;
    };
    for (const std::vector<std::string>& erased : {std::vector<std::string>{"hubble_constant"},
                                                   {"omega_matter"},
                                                   {"omega_matter", "hubble_constant"}}) {
        EXPECT_EQ(missing_of(erased), erased);
    }
}

TEST_F(SnapshotFile, RefusesARedshiftOutOfRange) {
    expect_in(error_of([](YtFile&) {}, {.z_min = 0.3, .z_max = 0.5}),
              "redshift 0.25 is outside the asked range 0.3 .. 0.5");
}

TEST_F(SnapshotFile, RefusesWhatIsNoWholeCube) {
    expect_in(error_of([](YtFile& file) { file.shape = {n, n, n / 2}; }), "4 x 4 x 2");
    expect_in(error_of([](YtFile& file) { file.shape = {n * n * n}; }), "no cube");
    expect_in(error_of([](YtFile& file) { file.attributes["level"] = {2}; }),
              "the whole box has 8");
    expect_in(error_of([](YtFile& file) {
                  file.attributes["domain_right_edge"] = {1, 1, 2};
              }),
              "not a cube");
    expect_in(error_of([](YtFile& file) {
                  file.attributes["left_edge"] = {0, 0, 0};
                  file.attributes["right_edge"] = {1, 0.5, 1};
                  file.texts["left_edge_units"] = "code_length";
              }),
              "it covers 50 % of the box along axis 1");
}

TEST_F(SnapshotFile, RefusesBadCells) {
    expect_in(error_of([](YtFile& file) {
                  file.fields["velocity_y"].first[5] = std::numeric_limits<double>::quiet_NaN();
                  file.fields["velocity_y"].first[6] = std::numeric_limits<double>::infinity();
              }),
              "2 cells of velocity_y are not finite");
    expect_in(error_of([](YtFile& file) { file.fields["density"].first[63] = -1e-30; }),
              "1 cells of density are not above 0");
    expect_in(error_of([](YtFile& file) { file.fields["temperature"].first[0] = 0; }),
              "1 cells of temperature are not above 0");
}

TEST_F(SnapshotFile, RefusesADensityThatIsNotThatOfBaryons) {
    const auto error_of_mean = [&](double mean) {
        return error_of([&](YtFile& file) {
            file.fields["density"].first = ramp(mean * mean_gram_per_cm3(), 0);
        });
    };
    expect_in(error_of_mean(1000), "its mean density is 999.99");
    expect_in(error_of_mean(1.55),
              "mend its unit, snapshot.density_factor or cosmology.omega_baryon");
    expect_in(error_of_mean(0.75), "of that of baryons; a whole box has 1)");
    EXPECT_EQ(error_of_mean(1.45), "no error");
    EXPECT_EQ(error_of_mean(0.85), "no error");
}

TEST_F(SnapshotFile, RefusesFilesThatAreNoSnapshot) {
    EXPECT_THROW(read_snapshot(path_ + ".none", {}, cosmology), base::UsageError);
    EXPECT_THROW(read_snapshot(testing::TempDir(), {}, cosmology), base::UsageError);
    base::write_file(path_, "SIMPLE  = T");
    EXPECT_THROW(read_snapshot(path_, {}, cosmology), base::UsageError);
}

}  // namespace
}  // namespace faintweb::io
