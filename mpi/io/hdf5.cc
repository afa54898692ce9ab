// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/hdf5.h"

#include <algorithm>
#include <type_traits>

#include <fmt/core.h>
#include <hdf5.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"

namespace faintweb::io {
namespace {

static_assert(std::is_same_v<Hdf5Handle::Id, hid_t> && std::is_same_v<herr_t, int>);

/// More elements than any attribute that we know has; guards against damaged sizes.
constexpr hssize_t max_attribute_elements = 4096;

/// HDF5's own account of its last failure as one line, innermost cause first.
std::string failure_stack() {
    std::string stack;
    const auto add = [](unsigned, const H5E_error2_t* entry, void* text) -> herr_t {
        auto& line = *static_cast<std::string*>(text);
        line += line.empty() ? "" : " < ";
        line += std::string(entry->func_name) + ": " + entry->desc;
        return 0;
    };
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, add, &stack);
    std::ranges::replace(stack, '\n', ' ');
    return stack.empty() ? "no details" : stack;
}

Hdf5Handle file_access() {
    Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
    H5Pset_file_locking(access.id(), /*use_file_locking=*/false, /*ignore_when_disabled=*/true);
    H5Pset_fclose_degree(access.id(), H5F_CLOSE_SEMI);
    return access;
}

Hdf5Handle file_access(const NewFileSettings& settings) {
    Hdf5Handle access = file_access();
    if (settings.structures != Hdf5Structures::oldest) {
        H5Pset_libver_bounds(
            access.id(),
            settings.structures == Hdf5Structures::v1_8 ? H5F_LIBVER_V18 : H5F_LIBVER_V110,
            H5F_LIBVER_LATEST);
    }
    const auto alignment = static_cast<hsize_t>(settings.alignment_bytes);
    H5Pset_alignment(access.id(), alignment, alignment);
    return access;
}

std::vector<hsize_t> sizes(const std::vector<std::int64_t>& values) {
    return {values.begin(), values.end()};
}

/// A space of elements along each axis; of a single value without axes.
Hdf5Handle space_of(const std::vector<std::int64_t>& shape) {
    const std::vector<hsize_t> size = sizes(shape);
    return {size.empty() ? H5Screate(H5S_SCALAR)
                         : H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr),
            &H5Sclose};
}

/// @return  closed if there is no such attribute.
Hdf5Handle open_attribute(const Object& object, const std::string& name) {
    if (H5Aexists(object.id(), name.c_str()) <= 0) {
        return {};
    }
    return {H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), &H5Aclose};
}

hssize_t count_elements(const Hdf5Handle& attribute) {
    const Hdf5Handle space(H5Aget_space(attribute.id()), &H5Sclose);
    return H5Sget_simple_extent_npoints(space.id());
}

std::optional<std::string> read_text(const Object& object, const Hdf5Handle& attribute) {
    const Hdf5Handle type(H5Aget_type(attribute.id()), &H5Tclose);
    if (H5Tget_class(type.id()) != H5T_STRING || count_elements(attribute) != 1) {
        return std::nullopt;
    }
    if (H5Tis_variable_str(type.id()) > 0) {
        char* text = nullptr;
        object.check(H5Aread(attribute.id(), type.id(), &text), "H5Aread");
        std::string copy = text == nullptr ? "" : text;
        H5free_memory(text);
        return copy;
    }
    std::string text(H5Tget_size(type.id()), '\0');
    object.check(H5Aread(attribute.id(), type.id(), text.data()), "H5Aread");
    text = unpadded(text);
    while (H5Tget_strpad(type.id()) == H5T_STR_SPACEPAD && text.ends_with(' ')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

void silence_hdf5() {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

OnFailure disk_failure(const std::string& verb, const std::string& path) {
    return [verb, path](const std::string& account) {
        throw base::DiskError(fmt::format(
            "cannot {} {} ({}), make room or check the disk and run again", verb, path, account));
    };
}

void throw_not_as_written(const std::string& path, const std::string& part) {
    throw base::DiskError(
        fmt::format("{}{}{} did not come back from the disk as written (writes were lost), check "
                    "the disk and run again",
                    part, part.empty() ? "" : " of ", path));
}

Hdf5Handle text_type(std::size_t size_bytes) {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
    H5Tset_size(type.id(), size_bytes > 0 ? size_bytes : 1);
    H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    return type;
}

#define FAINTWEB_NUMBER_TYPE(T, in_file)      \
    template <>                               \
    Hdf5Handle number_type<T>() {             \
        return {H5Tcopy(in_file), &H5Tclose}; \
    }
FAINTWEB_NUMBER_TYPE(std::int32_t, H5T_STD_I32LE)
FAINTWEB_NUMBER_TYPE(std::int64_t, H5T_STD_I64LE)
FAINTWEB_NUMBER_TYPE(std::uint8_t, H5T_STD_U8LE)
FAINTWEB_NUMBER_TYPE(std::uint16_t, H5T_STD_U16LE)
FAINTWEB_NUMBER_TYPE(std::uint32_t, H5T_STD_U32LE)
FAINTWEB_NUMBER_TYPE(std::uint64_t, H5T_STD_U64LE)
FAINTWEB_NUMBER_TYPE(float, H5T_IEEE_F32LE)
FAINTWEB_NUMBER_TYPE(double, H5T_IEEE_F64LE)
#undef FAINTWEB_NUMBER_TYPE

std::string unpadded(std::string_view text) {
    return std::string(text.substr(0, text.find('\0')));
}

void Object::check(std::int64_t verdict, const char* call) const {
    if (verdict < 0) {
        access_->fail(fmt::format("{}{}{} failed; {}", name_, name_.empty() ? "" : ": ", call,
                                  failure_stack()));
    }
}

std::optional<std::string> Object::text_attribute(const std::string& name) const {
    const Hdf5Handle attribute = open_attribute(*this, name);
    return attribute.is_open() ? read_text(*this, attribute) : std::nullopt;
}

std::vector<double> Object::number_attribute(const std::string& name) const {
    const Hdf5Handle attribute = open_attribute(*this, name);
    if (!attribute.is_open()) {
        return {};
    }
    const Hdf5Handle type(H5Aget_type(attribute.id()), &H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.id());
    const hssize_t n = count_elements(attribute);
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || n < 1 || n > max_attribute_elements) {
        return {};
    }
    std::vector<double> values(static_cast<std::size_t>(n));
    check(H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, values.data()), "H5Aread");
    return values;
}

std::vector<std::pair<std::string, std::string>> Object::text_attributes() const {
    H5O_info_t about{};
    check(H5Oget_info(id(), &about), "H5Oget_info");
    std::vector<std::pair<std::string, std::string>> texts;
    for (hsize_t i = 0; i < about.num_attrs; ++i) {
        const Hdf5Handle attribute(
            H5Aopen_by_idx(id(), ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT),
            &H5Aclose);
        check(attribute.id(), "H5Aopen_by_idx");
        std::string name(256, '\0');
        check(H5Aget_name(attribute.id(), name.size(), name.data()), "H5Aget_name");
        texts.emplace_back(unpadded(name), read_text(*this, attribute).value_or(""));
    }
    return texts;
}

void Object::add_attribute(const std::string& name,
                           const Hdf5Handle& type,
                           const void* value) const {
    const Hdf5Handle space = space_of({});
    const Hdf5Handle attribute(
        H5Acreate2(id(), name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
    check(attribute.id(), "H5Acreate2");
    check(H5Awrite(attribute.id(), type.id(), value), "H5Awrite");
}

void Object::add_attribute(const std::string& name, const std::string& text) const {
    // A std::string ends with a zero byte, so an empty text gives the one byte that HDF5 wants.
    add_attribute(name, text_type(text.size()), text.c_str());
}

void Object::add_attribute(const std::string& name, double value) const {
    add_attribute(name, number_type<double>(), &value);
}

void Object::add_attribute(const std::string& name, std::int32_t value) const {
    add_attribute(name, number_type<std::int32_t>(), &value);
}

std::vector<std::int64_t> Dataset::shape() const {
    const Hdf5Handle space(H5Dget_space(id()), &H5Sclose);
    const int n_axes = H5Sget_simple_extent_ndims(space.id());
    check(n_axes, "H5Sget_simple_extent_ndims");
    std::vector<hsize_t> size(static_cast<std::size_t>(n_axes));
    check(H5Sget_simple_extent_dims(space.id(), size.data(), nullptr), "H5Sget_simple_extent_dims");
    return {size.begin(), size.end()};
}

std::int64_t Dataset::n_elements() const {
    const Hdf5Handle space(H5Dget_space(id()), &H5Sclose);
    const hssize_t n = H5Sget_simple_extent_npoints(space.id());
    check(n, "H5Sget_simple_extent_npoints");
    return n;
}

bool Dataset::fits_file() const {
    const Hdf5Handle file(H5Iget_file_id(id()), &H5Fclose);
    hsize_t file_bytes = 0;
    check(H5Fget_filesize(file.id(), &file_bytes), "H5Fget_filesize");
    const std::size_t element_bytes = std::max<std::size_t>(H5Tget_size(type().id()), 1);
    return static_cast<hsize_t>(n_elements()) <= file_bytes / element_bytes;
}

Hdf5Handle Dataset::type() const {
    return {H5Dget_type(id()), &H5Tclose};
}

void Dataset::read(const Hdf5Handle& type, void* into) const {
    if (n_elements() > 0) {
        check(H5Dread(id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, into), "H5Dread");
    }
}

void Dataset::select(const Hdf5Handle& space, const Block& block) const {
    check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, sizes(block.start).data(), nullptr,
                              sizes(block.count).data(), nullptr),
          "H5Sselect_hyperslab");
}

void Dataset::read(const Hdf5Handle& type, const Block& block, void* into) const {
    if (std::ranges::count(block.count, 0) > 0) {
        return;
    }
    const Hdf5Handle space(H5Dget_space(id()), &H5Sclose);
    select(space, block);
    const Hdf5Handle memory = space_of(block.count);
    check(H5Dread(id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, into), "H5Dread");
}

void Dataset::write(const void* elements) const {
    FAINTWEB_EXPECTS(!access_->is_collective);
    if (n_elements() > 0) {
        check(H5Dwrite(id(), type().id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, elements), "H5Dwrite");
    }
}

void Dataset::write(const Block& block, const void* elements) const {
    if (n_elements() == 0) {
        return;
    }
    const Hdf5Handle space(H5Dget_space(id()), &H5Sclose);
    const bool is_empty = std::ranges::count(block.count, 0) > 0;
    // A rank with nothing to write still calls, with an empty selection and an address that is
    // valid.
    const Hdf5Handle memory = space_of(is_empty ? std::vector<std::int64_t>{1} : block.count);
    const char nothing = 0;
    if (is_empty) {
        H5Sselect_none(space.id());
        H5Sselect_none(memory.id());
    } else {
        select(space, block);
    }
    check(H5Dwrite(id(), type().id(), memory.id(), space.id(),
                   access_->transfer.is_open() ? access_->transfer.id() : H5P_DEFAULT,
                   is_empty ? &nothing : elements),
          "H5Dwrite");
}

File::File(Hdf5Handle handle, std::shared_ptr<const Access> access)
    : Object(std::move(handle), std::move(access)) {}

File::~File() {
    if (access_ && access_->is_collective) {
        handle_.abandon();
    }
}

File File::open(const std::string& path, For purpose, OnFailure fail) {
    silence_hdf5();
    const unsigned flags = purpose == For::adding ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
    File file({H5Fopen(path.c_str(), flags, file_access().id()), &H5Fclose},
              std::make_shared<Access>(Access{.fail = std::move(fail)}));
    file.check(file.id(), "H5Fopen");
    return file;
}

File File::create(const std::string& path, const NewFileSettings& settings, OnFailure fail) {
    silence_hdf5();
    File file({H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, file_access(settings).id()),
               &H5Fclose},
              std::make_shared<Access>(Access{.fail = std::move(fail)}));
    file.check(file.id(), "H5Fcreate");
    return file;
}

File File::create(const comm::Communicator& communicator,
                  const std::string& path,
                  const NewFileSettings& settings,
                  OnFailure fail) {
    if (communicator.size() == 1) {
        return create(path, settings, std::move(fail));
    }
    silence_hdf5();
    const Hdf5Handle file_access_list = file_access(settings);
    H5Pset_fapl_mpio(file_access_list.id(), *static_cast<const MPI_Comm*>(communicator.native()),
                     MPI_INFO_NULL);
    H5Pset_coll_metadata_write(file_access_list.id(), true);
    Hdf5Handle transfer(H5Pcreate(H5P_DATASET_XFER), &H5Pclose);
    H5Pset_dxpl_mpio(transfer.id(), H5FD_MPIO_COLLECTIVE);
    File file(
        {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, file_access_list.id()), &H5Fclose},
        std::make_shared<Access>(Access{
            .fail = std::move(fail), .is_collective = true, .transfer = std::move(transfer)}));
    file.check(file.id(), "H5Fcreate");
    return file;
}

bool File::has(const std::string& path) const {
    // HDF5 wants each group on the way to be asked for on its own.
    for (std::size_t end = path.find('/', 1); end != std::string::npos;
         end = path.find('/', end + 1)) {
        if (H5Lexists(id(), path.substr(0, end).c_str(), H5P_DEFAULT) <= 0) {
            return false;
        }
    }
    return path == "/" || H5Lexists(id(), path.c_str(), H5P_DEFAULT) > 0;
}

Object File::group(const std::string& path) const {
    Object group({H5Gopen2(id(), path.c_str(), H5P_DEFAULT), &H5Gclose}, access_, path);
    group.check(group.id(), "H5Gopen2");
    return group;
}

Dataset File::dataset(const std::string& path) const {
    Dataset dataset({H5Dopen2(id(), path.c_str(), H5P_DEFAULT), &H5Dclose}, access_, path);
    dataset.check(dataset.id(), "H5Dopen2");
    return dataset;
}

Object File::add_group(const std::string& path) const {
    const Hdf5Handle creation(H5Pcreate(H5P_GROUP_CREATE), &H5Pclose);
    H5Pset_attr_creation_order(creation.id(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_obj_track_times(creation.id(), false);
    Object group(
        {H5Gcreate2(id(), path.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), &H5Gclose},
        access_, path);
    group.check(group.id(), "H5Gcreate2");
    return group;
}

Dataset File::add_dataset(const std::string& path,
                          const Hdf5Handle& type,
                          const std::vector<std::int64_t>& shape,
                          const DatasetSettings& settings) const {
    const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
    H5Pset_obj_track_times(creation.id(), false);
    if (settings.is_allocated_early) {
        H5Pset_alloc_time(creation.id(), H5D_ALLOC_TIME_EARLY);
        H5Pset_fill_time(creation.id(), H5D_FILL_TIME_NEVER);
    }
    if (!settings.chunk.empty()) {
        H5Pset_chunk(creation.id(), static_cast<int>(settings.chunk.size()),
                     sizes(settings.chunk).data());
        H5Pset_fletcher32(creation.id());
    }
    const Hdf5Handle space = space_of(shape);
    Dataset dataset({H5Dcreate2(id(), path.c_str(), type.id(), space.id(), H5P_DEFAULT,
                                creation.id(), H5P_DEFAULT),
                     &H5Dclose},
                    access_, path);
    dataset.check(dataset.id(), "H5Dcreate2");
    return dataset;
}

std::int64_t File::size_bytes() const {
    hsize_t bytes = 0;
    check(H5Fget_filesize(id(), &bytes), "H5Fget_filesize");
    return static_cast<std::int64_t>(bytes);
}

void File::close() {
    check(handle_.close(), "H5Fclose");
}

}  // namespace faintweb::io
