#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mpi/io/hdf5_handle.h"

// Attributes as HDF5 programs of any language write them.
namespace faintweb::io {

/// A text of fixed or variable length, without its padding; none if there is no such attribute or
/// it is no single text.
///
/// @param object  file, group or dataset.
std::optional<std::string> text_attribute(const Hdf5Handle& object, const std::string& name);

/// A number or an array of numbers of any type; empty if there is no such attribute or it holds
/// something else.
std::vector<double> number_attribute(const Hdf5Handle& object, const std::string& name);

/// @throws nothing: false if HDF5 refuses, its account is hdf5_stack().
bool add_text_attribute(const Hdf5Handle& object, const std::string& name, const std::string& text);
bool add_number_attribute(const Hdf5Handle& object, const std::string& name, double value);

}  // namespace faintweb::io
