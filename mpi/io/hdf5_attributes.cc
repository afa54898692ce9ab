#include "mpi/io/hdf5_attributes.h"

#include <hdf5.h>

#include "mpi/io/catalogue_layout.h"

namespace faintweb::io {
namespace {

/// More elements than any attribute that we know has; guards against damaged sizes.
constexpr hssize_t max_elements = 4096;

Hdf5Handle open_attribute(const Hdf5Handle& object, const std::string& name) {
    if (H5Aexists(object.id(), name.c_str()) <= 0) {
        return {};
    }
    return {H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), &H5Aclose};
}

hssize_t n_elements(const Hdf5Handle& attribute) {
    const Hdf5Handle space(H5Aget_space(attribute.id()), &H5Sclose);
    return H5Sget_simple_extent_npoints(space.id());
}

bool add_attribute(const Hdf5Handle& object,
                   const std::string& name,
                   const Hdf5Handle& type,
                   const void* value) {
    const Hdf5Handle space(H5Screate(H5S_SCALAR), &H5Sclose);
    const Hdf5Handle attribute(
        H5Acreate2(object.id(), name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
        &H5Aclose);
    return attribute.is_open() && H5Awrite(attribute.id(), type.id(), value) >= 0;
}

}  // namespace

std::optional<std::string> text_attribute(const Hdf5Handle& object, const std::string& name) {
    const Hdf5Handle attribute = open_attribute(object, name);
    if (!attribute.is_open() || n_elements(attribute) != 1) {
        return std::nullopt;
    }
    const Hdf5Handle type(H5Aget_type(attribute.id()), &H5Tclose);
    if (H5Tget_class(type.id()) != H5T_STRING) {
        return std::nullopt;
    }
    if (H5Tis_variable_str(type.id()) > 0) {
        char* text = nullptr;
        if (H5Aread(attribute.id(), type.id(), &text) < 0) {
            return std::nullopt;
        }
        std::string copy = text == nullptr ? "" : text;
        H5free_memory(text);
        return copy;
    }
    std::string text(H5Tget_size(type.id()), '\0');
    if (H5Aread(attribute.id(), type.id(), text.data()) < 0) {
        return std::nullopt;
    }
    text.resize(text.find('\0') == std::string::npos ? text.size() : text.find('\0'));
    while (H5Tget_strpad(type.id()) == H5T_STR_SPACEPAD && text.ends_with(' ')) {
        text.pop_back();
    }
    return text;
}

std::vector<double> number_attribute(const Hdf5Handle& object, const std::string& name) {
    const Hdf5Handle attribute = open_attribute(object, name);
    if (!attribute.is_open()) {
        return {};
    }
    const Hdf5Handle type(H5Aget_type(attribute.id()), &H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.id());
    const hssize_t n = n_elements(attribute);
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || n < 1 || n > max_elements) {
        return {};
    }
    std::vector<double> values(static_cast<std::size_t>(n));
    if (H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, values.data()) < 0) {
        return {};
    }
    return values;
}

bool add_text_attribute(const Hdf5Handle& object,
                        const std::string& name,
                        const std::string& text) {
    return add_attribute(object, name, text_type(text.size()), text.c_str());
}

bool add_number_attribute(const Hdf5Handle& object, const std::string& name, double value) {
    return add_attribute(object, name, Hdf5Handle(H5Tcopy(H5T_IEEE_F64LE), &H5Tclose), &value);
}

}  // namespace faintweb::io
