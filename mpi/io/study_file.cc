#include "mpi/io/study_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <vector>

#include <hdf5.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "mpi/io/catalogue_layout.h"
#include "mpi/io/hdf5_attributes.h"
#include "mpi/io/hdf5_handle.h"

namespace faintweb::io {
namespace {

using score::n_counts;

/// One row of /runs without its texts.
struct Numbers {
    std::int64_t test_id;
    std::int64_t min_pixels;
    double flux_threshold_jy_arcsec2;
    double learning_rate;
    std::int64_t batch_size;
    std::int64_t epochs;
    std::uint64_t seed;
    std::int64_t n_parameters;
    double mflop_per_tile;
    std::int64_t n_steps;
    double training_s;
    std::int64_t counts[n_counts];
    double a_s;
    double w_s;
    double w_v;
};

Numbers numbers_of(const score::StudyRow& row) {
    const score::FieldScore total = row.total();
    Numbers numbers{.test_id = row.test_id,
                    .min_pixels = row.label.min_pixels,
                    .flux_threshold_jy_arcsec2 = row.label.flux_threshold_jy_arcsec2,
                    .learning_rate = row.learning_rate,
                    .batch_size = row.batch_size,
                    .epochs = row.epochs,
                    .seed = row.seed,
                    .n_parameters = row.n_parameters,
                    .mflop_per_tile = row.mflop_per_tile,
                    .n_steps = row.n_steps,
                    .training_s = row.training_s,
                    .counts = {},
                    .a_s = total.confusion.a_s(),
                    .w_s = total.confusion.w_s(),
                    .w_v = total.confusion.w_v()};
    std::ranges::copy(score::counts_of(total), numbers.counts);
    return numbers;
}

struct TextColumn {
    const char* name;
    std::string score::StudyRow::*member;
};
constexpr TextColumn text_columns[] = {{"run", &score::StudyRow::run},
                                       {"set_up", &score::StudyRow::set_up},
                                       {"variant", &score::StudyRow::variant},
                                       {"network", &score::StudyRow::network},
                                       {"scaling", &score::StudyRow::scaling},
                                       {"failure", &score::StudyRow::failure}};

[[noreturn]] void throw_write_failed(const std::string& path) {
    throw base::DiskError(base::text(
        "cannot write ", path, " (", hdf5_stack(), "), make room or check the disk and run again"));
}

/// Writes a new dataset of a file.
/// @return  it; closed if HDF5 refuses.
Hdf5Handle write_dataset(const Hdf5Handle& file,
                         const char* name,
                         hid_t type,
                         const std::vector<hsize_t>& shape,
                         const void* values) {
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                           &H5Sclose);
    Hdf5Handle dataset(
        H5Dcreate2(file.id(), name, type, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
        &H5Dclose);
    const bool is_written =
        dataset.is_open() &&
        H5Dwrite(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    return is_written ? std::move(dataset) : Hdf5Handle();
}

}  // namespace

void write_study(const std::string& path, std::span<const score::StudyRow> rows) {
    const std::scoped_lock lock(hdf5_lock);
    silence_hdf5();

    // A row is Numbers, then each text at its greatest length.
    std::vector<std::size_t> widths;
    std::size_t row_bytes = sizeof(Numbers);
    for (const TextColumn& column : text_columns) {
        std::size_t width = 1;
        for (const score::StudyRow& row : rows) {
            width = std::max(width, (row.*column.member).size());
        }
        widths.push_back(width);
        row_bytes += width;
    }
    const Hdf5Handle type(H5Tcreate(H5T_COMPOUND, row_bytes), &H5Tclose);
    std::size_t offset = sizeof(Numbers);
    for (std::size_t i = 0; i < widths.size(); ++i) {
        H5Tinsert(type.id(), text_columns[i].name, offset, text_type(widths[i]).id());
        offset += widths[i];
    }
    const auto add = [&](const char* name, std::size_t at, hid_t of) {
        H5Tinsert(type.id(), name, at, of);
    };
    add("test_id", HOFFSET(Numbers, test_id), H5T_STD_I64LE);
    add("min_pixels", HOFFSET(Numbers, min_pixels), H5T_STD_I64LE);
    add("flux_threshold_jy_arcsec2", HOFFSET(Numbers, flux_threshold_jy_arcsec2), H5T_IEEE_F64LE);
    add("learning_rate", HOFFSET(Numbers, learning_rate), H5T_IEEE_F64LE);
    add("batch_size", HOFFSET(Numbers, batch_size), H5T_STD_I64LE);
    add("epochs", HOFFSET(Numbers, epochs), H5T_STD_I64LE);
    add("seed", HOFFSET(Numbers, seed), H5T_STD_U64LE);
    add("n_parameters", HOFFSET(Numbers, n_parameters), H5T_STD_I64LE);
    add("mflop_per_tile", HOFFSET(Numbers, mflop_per_tile), H5T_IEEE_F64LE);
    add("n_steps", HOFFSET(Numbers, n_steps), H5T_STD_I64LE);
    add("training_s", HOFFSET(Numbers, training_s), H5T_IEEE_F64LE);
    for (std::size_t i = 0; i < n_counts; ++i) {
        add(score::count_names[i],
            HOFFSET(Numbers, counts) + i * sizeof(std::int64_t),
            H5T_STD_I64LE);
    }
    add("A_s", HOFFSET(Numbers, a_s), H5T_IEEE_F64LE);
    add("W_s", HOFFSET(Numbers, w_s), H5T_IEEE_F64LE);
    add("W_v", HOFFSET(Numbers, w_v), H5T_IEEE_F64LE);

    std::vector<char> table(rows.size() * row_bytes, '\0');
    std::size_t n_fields = 0;
    for (const score::StudyRow& row : rows) {
        n_fields = std::max(n_fields, row.fields.size());
    }
    std::vector<std::int64_t> fields(rows.size() * n_fields * n_counts, -1);
    for (std::size_t r = 0; r < rows.size(); ++r) {
        char* at = table.data() + r * row_bytes;
        const Numbers numbers = numbers_of(rows[r]);
        std::memcpy(at, &numbers, sizeof(numbers));
        at += sizeof(numbers);
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string& text = rows[r].*text_columns[i].member;
            std::memcpy(at, text.data(), text.size());
            at += widths[i];
        }
        for (std::size_t f = 0; f < rows[r].fields.size(); ++f) {
            std::ranges::copy(
                score::counts_of(rows[r].fields[f]),
                fields.begin() + static_cast<std::ptrdiff_t>((r * n_fields + f) * n_counts));
        }
    }

    std::string columns;
    for (const char* const name : score::count_names) {
        columns += (columns.empty() ? "" : ",") + std::string(name);
    }
    base::remove_partial(path);
    Hdf5Handle file(
        H5Fcreate(base::partial_path(path).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, file_access().id()),
        &H5Fclose);
    bool is_written = file.is_open() && add_text_attribute(file, "format", "faintweb study") &&
                      add_number_attribute(file, "format_version", 1);
    if (is_written) {
        is_written = write_dataset(file, "runs", type.id(), {rows.size()}, table.data()).is_open();
        const Hdf5Handle of_fields = write_dataset(
            file, "fields", H5T_STD_I64LE, {rows.size(), n_fields, n_counts}, fields.data());
        is_written =
            is_written && of_fields.is_open() && add_text_attribute(of_fields, "columns", columns);
    }
    if (file.close() < 0 || !is_written) {
        throw_write_failed(path);
    }
    base::publish_partial(path);
}

}  // namespace faintweb::io
