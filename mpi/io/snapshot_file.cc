// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/snapshot_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <hdf5.h>

#include "lib/base/error.h"
#include "mpi/io/hdf5.h"

namespace faintweb::io {
namespace {

using Units = std::map<std::string, double>;

constexpr double cm_per_kpc = sky::cm_per_mpc * 1e-3;
constexpr double cm_per_pc = sky::cm_per_mpc * 1e-6;

/// What one of each unit is in ours, spelt without blanks and with ** for powers, and the key that
/// gives the factor where the file does not.
struct Quantity {
    Units units;
    std::string factor_key;
};
const Quantity gas_density{
    {
        {"g/cm**3", 1},
        {"kg/m**3", 1e-3},
        {"Msun/pc**3", sky::gram_per_msun / (cm_per_pc * cm_per_pc * cm_per_pc)},
        {"Msun/kpc**3", sky::gram_per_msun / (cm_per_kpc * cm_per_kpc * cm_per_kpc)},
        {"Msun/Mpc**3", sky::gram_per_msun / (sky::cm_per_mpc * sky::cm_per_mpc * sky::cm_per_mpc)},
    },
    "snapshot.density_factor"};
const Quantity temperature{{{"K", 1}}, "snapshot.temperature_factor"};
const Quantity velocity{{{"km/s", 1}, {"m/s", 1e-3}, {"cm/s", 1e-5}}, "snapshot.velocity_factor"};
const Quantity magnetic_field{
    {
        {"G", 1e6},
        {"gauss", 1e6},
        {"uG", 1},
        {"nG", 1e-3},
        {"T", 1e10},
        {"sqrt(g)/(sqrt(cm)*s)", 1e6},  // yt spells gauss like this after a conversion to CGS
        {"g**0.5/(cm**0.5*s)", 1e6},
    },
    "snapshot.magnetic_field_factor"};
// Lengths in Mpc; yt puts "cm" behind the name of a comoving one.
const Units physical_mpc{
    {"cm", 1 / sky::cm_per_mpc}, {"m", 100 / sky::cm_per_mpc}, {"kpc", 1e-3}, {"Mpc", 1}};
const Units comoving_mpc{{"cmcm", 1 / sky::cm_per_mpc}, {"kpccm", 1e-3}, {"Mpccm", 1}};

/// Of the gas of a whole box, whose baryons have 1: some of them are in stars.
constexpr double lowest_mean_density = 0.8;
constexpr double highest_mean_density = 1.5;

std::string plain_unit(std::string unit) {
    std::erase(unit, ' ');
    for (std::size_t at = unit.find('^'); at != std::string::npos; at = unit.find('^')) {
        unit.replace(at, 1, "**");
    }
    return unit;
}

std::string names_of(const Units& units) {
    std::string names;
    for (const auto& [name, factor] : units) {
        names += (names.empty() ? "" : ", ") + name;
    }
    return names;
}

class Snapshot {
  public:
    Snapshot(const std::string& path, const SnapshotOptions& options)
        : path_(path), options_(options) {
        std::error_code error;
        if (!std::filesystem::is_regular_file(path, error)) {
            fail("no such file", "give the path of an HDF5 file");
        }
        file_.emplace(File::open(path, File::For::reading, [this](const std::string& account) {
            fail("HDF5 cannot read it: " + account, "give a whole HDF5 file, or write it again");
        }));
        group_ = options.group;
        for (const char* name : {"grid", "data", "/"}) {
            if (group_.empty() && file_->has(name)) {
                group_ = name;
            }
        }
        if (!file_->has(group_)) {
            fail("no group " + group_, "give the group of the fields as snapshot.group");
        }
    }

    double redshift() const {
        const double z = number("current_redshift");
        if (!(z >= options_.z_min && z <= options_.z_max)) {
            fail(fmt::format("redshift {:g} is outside the asked range {:g} .. {:g}", z,
                             options_.z_min, options_.z_max),
                 "give a snapshot inside it");
        }
        return z;
    }

    /// Compares what the file tells of its cosmology.
    /// @return  the attributes that it lacks.
    std::vector<std::string> check_cosmology(const sky::Cosmology& expected) const {
        std::vector<std::string> missing;
        for (const auto& [attribute, symbol, expected_value] :
             {std::tuple{"omega_matter", "Omega_m", expected.omega_matter},
              std::tuple{"hubble_constant", "h", expected.h}}) {
            const std::vector<double> values = file_->number_attribute(attribute);
            if (values.size() != 1) {
                missing.emplace_back(attribute);
                continue;
            }
            const bool is_km_s_mpc = std::string(symbol) == "h" && values[0] > 10;
            const double value = is_km_s_mpc ? values[0] / 100 : values[0];
            if (!(std::abs(value / expected_value - 1) <= 0.01)) {
                fail(fmt::format("its {} is {:g}, that of the campaign {:g}", symbol, value,
                                 expected_value),
                     "set the campaign's cosmology to the snapshot's");
            }
        }
        return missing;
    }

    /// Comoving edge of the box.
    double box_mpc(double z, double h) const {
        const std::vector<double> left = file_->number_attribute("domain_left_edge");
        const std::vector<double> right = file_->number_attribute("domain_right_edge");
        if (left.size() != 3 || right.size() != 3) {
            fail("no attributes domain_left_edge and domain_right_edge of three numbers each",
                 "write them into the file");
        }
        std::array<double, 3> width{};
        for (std::size_t i = 0; i < 3; ++i) {
            width[i] = right[i] - left[i];
            if (!(width[i] > 0) || std::abs(width[i] / width[0] - 1) > 1e-6) {
                fail("its box is not a cube", "give a snapshot of a cubic box");
            }
        }
        const std::string unit = file_->text_attribute("domain_left_edge_units").value_or("");
        if (unit != "code_length") {
            return width[0] * length_in_mpc(unit, z, h);
        }
        const double code_length = number("length_unit");
        return width[0] * code_length *
               length_in_mpc(file_->text_attribute("length_unit_units").value_or(""), z, h);
    }

    /// The grid covers the box, no more and no less: shocks and projections go round its edges.
    void check_is_whole_box(int n) const {
        const std::vector<double> cells = file_->number_attribute("domain_dimensions");
        const std::vector<double> level = file_->number_attribute("level");
        if (cells.size() == 3 && level.size() == 1) {
            // yt refines by 2, and few codes by another number, which it does not write.
            const double refine = file_->number_attribute("refine_by").size() == 1
                                      ? file_->number_attribute("refine_by")[0]
                                      : 2;
            const double expected = cells[0] * std::pow(refine, level[0]);
            if (expected != n) {
                fail(fmt::format(
                         "it has {} cells along an edge, the whole box has {:g} at its level", n,
                         expected),
                     "write a covering grid of the whole box");
            }
        }
        // An arbitrary grid gives both of its edges instead, in the unit of the box's.
        const std::vector<double> left = file_->number_attribute("left_edge");
        const std::vector<double> right = file_->number_attribute("right_edge");
        const std::vector<double> box_left = file_->number_attribute("domain_left_edge");
        const std::vector<double> box_right = file_->number_attribute("domain_right_edge");
        const bool are_there = left.size() == 3 && right.size() == 3 && box_left.size() == 3 &&
                               box_right.size() == 3 &&
                               file_->text_attribute("left_edge_units") ==
                                   file_->text_attribute("domain_left_edge_units");
        for (std::size_t i = 0; are_there && i < 3; ++i) {
            const double share = (right[i] - left[i]) / (box_right[i] - box_left[i]);
            if (!(std::abs(share - 1) < 1e-6)) {
                fail(fmt::format("it covers {:g} % of the box along axis {}", 100 * share, i),
                     "write a grid of the whole box");
            }
        }
    }

    bool has_field(const SnapshotField& field) const { return file_->has(path_of(field)); }

    /// A field that can be read.
    struct Source {
        std::optional<Dataset> dataset;
        int n = 0;          ///< cells along an edge
        double factor = 0;  ///< to our unit
    };

    Source open(const SnapshotField& field, const Quantity& quantity, double our_unit = 1) const {
        if (!has_field(field)) {
            fail(fmt::format("no field {} (there are: {})", field.name, fields()),
                 "name the dataset that holds it");
        }
        const Hdf5Handle object(H5Oopen(file_->id(), path_of(field).c_str(), H5P_DEFAULT),
                                &H5Oclose);
        if (H5Iget_type(object.id()) != H5I_DATASET) {
            fail(field.name + " is no dataset", "name the dataset that holds it");
        }
        Dataset dataset = file_->dataset(path_of(field));
        const int n = edge_of(dataset, field.name);
        const double factor =
            field.factor != 0 ? field.factor : unit_of(dataset, field, quantity) / our_unit;
        return {std::move(dataset), n, factor};
    }

    sky::Mesh mesh(const SnapshotField& field, const Source& source) const {
        sky::Mesh mesh = sky::make_mesh(source.n);
        source.dataset->read(number_type<float>(), mesh.cells.data());
        std::int64_t n_bad = 0;
        for (float& cell : mesh.cells) {
            cell = static_cast<float>(cell * source.factor);
            n_bad += std::isfinite(cell) ? 0 : 1;
        }
        if (n_bad > 0) {
            fail(fmt::format("{} cells of {} are not finite", n_bad, field.name),
                 "mend the snapshot or its units");
        }
        return mesh;
    }

    void check_positive(const sky::Mesh& mesh, const SnapshotField& field) const {
        const auto n_bad =
            std::ranges::count_if(mesh.cells, [](float cell) { return !(cell > 0); });
        if (n_bad > 0) {
            fail(fmt::format("{} cells of {} are not above 0", n_bad, field.name),
                 "mend the snapshot or its units");
        }
    }

    /// What is wrong by a constant factor is seen here alone.
    void check_mean_density(const sky::Mesh& density) const {
        double mean = 0;
        for (const float cell : density.cells) {
            mean += static_cast<double>(cell);
        }
        mean /= static_cast<double>(density.cells.size());
        if (!(mean >= lowest_mean_density && mean <= highest_mean_density)) {
            fail(
                fmt::format("its mean density is {:g} of that of baryons; a whole box has 1", mean),
                "mend its unit, snapshot.density_factor or cosmology.omega_baryon");
        }
    }

    void check_same_size(const Source& source, const SnapshotField& field, int n) const {
        if (source.n != n) {
            fail(fmt::format("{} has {} cells along an edge, {} has {}", field.name, source.n,
                             options_.density.name, n),
                 "write all fields on one grid");
        }
    }

    [[noreturn]] void fail(const std::string& reason, const std::string& advice) const {
        throw base::UsageError(
            fmt::format("cannot use the snapshot {} ({}), {}", path_, reason, advice));
    }

  private:
    std::string path_of(const SnapshotField& field) const {
        return field.name.starts_with('/') ? field.name
                                           : (group_ == "/" ? "" : group_) + "/" + field.name;
    }

    std::string fields() const {
        std::string names;
        const auto add = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
            auto& text = *static_cast<std::string*>(list);
            text += (text.empty() ? "" : ", ") + std::string(name);
            return 0;
        };
        const Object group = file_->group(group_);
        H5Literate(group.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names);
        return names.empty() ? "none" : names;
    }

    double number(const std::string& attribute) const {
        const std::vector<double> values = file_->number_attribute(attribute);
        if (values.size() != 1) {
            fail("no attribute " + attribute, "write it into the file");
        }
        return values[0];
    }

    double length_in_mpc(const std::string& unit, double z, double h) const {
        std::string plain = plain_unit(unit);
        const bool is_per_h = plain.ends_with("/h");
        plain = is_per_h ? plain.substr(0, plain.size() - 2) : plain;
        const double per_h = is_per_h ? 1 / h : 1;
        if (const auto found = comoving_mpc.find(plain); found != comoving_mpc.end()) {
            return found->second * per_h;
        }
        if (const auto found = physical_mpc.find(plain); found != physical_mpc.end()) {
            return found->second * per_h * (1 + z);
        }
        fail(fmt::format("its box has the unit \"{}\"; known are {}, {}", unit,
                         names_of(physical_mpc), names_of(comoving_mpc)),
             "write its edges in one of them");
    }

    double unit_of(const Dataset& dataset,
                   const SnapshotField& field,
                   const Quantity& quantity) const {
        const auto unit = dataset.text_attribute("units");
        const auto found = quantity.units.find(plain_unit(unit.value_or("")));
        if (found == quantity.units.end()) {
            fail(fmt::format("{}{}; known are {}", field.name,
                             unit ? " has the unit \"" + *unit + "\"" : " has no attribute units",
                             names_of(quantity.units)),
                 "give " + quantity.factor_key);
        }
        return found->second;
    }

    int edge_of(const Dataset& dataset, const std::string& name) const {
        std::vector<std::int64_t> size = dataset.shape();
        if (size.size() != 3) {
            size.assign(3, 0);
        }
        constexpr std::int64_t max_edge = 8192;
        if (size[0] < 2 || size[0] > max_edge || size[1] != size[0] || size[2] != size[0]) {
            fail(fmt::format("{} is no cube ({} x {} x {})", name, size[0], size[1], size[2]),
                 "write it as [n, n, n]");
        }
        return static_cast<int>(size[0]);
    }

    std::string path_;
    const SnapshotOptions& options_;
    std::optional<File> file_;
    std::string group_;
};

/// Length of the vectors.
sky::Mesh magnitude(std::array<sky::Mesh, 3> vector) {
    for (std::size_t i = 0; i < vector[0].cells.size(); ++i) {
        const double x = vector[0].cells[i];
        const double y = vector[1].cells[i];
        const double z = vector[2].cells[i];
        vector[0].cells[i] = static_cast<float>(std::sqrt(x * x + y * y + z * z));
    }
    return std::move(vector[0]);
}

/// The fields of a snapshot, all found fit to be read.
class Fields {
  public:
    Fields(const std::string& path, const SnapshotOptions& options, const sky::Cosmology& expected)
        : options_(options), file_(path, options) {
        facts_.z = file_.redshift();
        facts_.missing = file_.check_cosmology(expected);
        facts_.box_mpc = file_.box_mpc(facts_.z, expected.h);
        const double mean_gram_per_cm3 =
            expected.omega_baryon * expected.critical_density_msun_mpc3() *
            gas_density.units.at("Msun/Mpc**3") * std::pow(1 + facts_.z, 3);
        density_ = file_.open(options.density, gas_density, mean_gram_per_cm3);
        facts_.n = density_.n;
        file_.check_is_whole_box(facts_.n);
        temperature_ = open(options.temperature, temperature);
        for (std::size_t i = 0; i < 3; ++i) {
            velocity_[i] = open(options.velocity[i], velocity);
        }
        has_magnetic_field_ = std::ranges::any_of(
            options.magnetic_field, [&](const auto& field) { return file_.has_field(field); });
        for (std::size_t i = 0; has_magnetic_field_ && i < 3; ++i) {
            magnetic_field_[i] = open(options.magnetic_field[i], magnetic_field);
        }
    }

    const sky::SnapshotFacts& facts() const { return facts_; }

    sky::GasMesh read() const {
        sky::GasMesh gas;
        gas.z = facts_.z;
        gas.box_mpc = facts_.box_mpc;
        gas.density = file_.mesh(options_.density, density_);
        file_.check_positive(gas.density, options_.density);
        file_.check_mean_density(gas.density);
        gas.temperature_k = file_.mesh(options_.temperature, temperature_);
        file_.check_positive(gas.temperature_k, options_.temperature);
        for (std::size_t i = 0; i < 3; ++i) {
            gas.velocity_km_s[i] = file_.mesh(options_.velocity[i], velocity_[i]);
        }
        if (has_magnetic_field_) {
            std::array<sky::Mesh, 3> vector;
            for (std::size_t i = 0; i < 3; ++i) {
                vector[i] = file_.mesh(options_.magnetic_field[i], magnetic_field_[i]);
            }
            gas.field_ug = magnitude(std::move(vector));
        }
        return gas;
    }

  private:
    Snapshot::Source open(const SnapshotField& field, const Quantity& quantity) const {
        Snapshot::Source source = file_.open(field, quantity);
        file_.check_same_size(source, field, facts_.n);
        return source;
    }

    const SnapshotOptions& options_;
    Snapshot file_;
    sky::SnapshotFacts facts_;
    Snapshot::Source density_;
    Snapshot::Source temperature_;
    std::array<Snapshot::Source, 3> velocity_;
    std::array<Snapshot::Source, 3> magnetic_field_;
    bool has_magnetic_field_ = false;
};

}  // namespace

sky::SnapshotFacts snapshot_facts(const std::string& path,
                                  const SnapshotOptions& options,
                                  const sky::Cosmology& expected) {
    const std::scoped_lock lock(hdf5_lock);
    return Fields(path, options, expected).facts();
}

sky::GasMesh read_snapshot(const std::string& path,
                           const SnapshotOptions& options,
                           const sky::Cosmology& expected) {
    const std::scoped_lock lock(hdf5_lock);
    return Fields(path, options, expected).read();
}

}  // namespace faintweb::io
