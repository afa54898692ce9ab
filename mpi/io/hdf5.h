// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mpi/comm/communicator.h"
#include "mpi/io/hdf5_handle.h"

// HDF5 files, their datasets and attributes. All failures of a file go one way: to the function
// that it was opened with, with HDF5's own account.
namespace faintweb::io {

/// Stops HDF5 from printing its errors: we put them into exceptions.
void silence_hdf5();

/// Throws what a failed call on a file means to whoever uses the file.
///
/// @param account  the call and HDF5's own account of it as one line, innermost cause first:
///     "/tiles: H5Dread failed; ...".
using OnFailure = std::function<void(const std::string& account)>;

/// The policy of a file that is ours to write: nothing but the disk is left to fail.
///
/// It throws base::DiskError, "cannot VERB PATH (ACCOUNT), make room or check the disk and run
/// again".
OnFailure disk_failure(const std::string& verb, const std::string& path);

/// Throws what a write that was lost means, which is found when what was written is read back.
///
/// @throws base::DiskError  names the file, and the part of it if there is one.
[[noreturn]] void throw_not_as_written(const std::string& path, const std::string& part = "");

/// The type of a text of fixed length, UTF-8, padded with zeros; HDF5 knows no text of length 0.
Hdf5Handle text_type(std::size_t size_bytes);

/// The type of a little-endian number: int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
/// float, double.
template <typename T>
Hdf5Handle number_type();

/// A text without the zeros that pad it.
std::string unpadded(std::string_view text);

/// What can have attributes: a file (its root group), a group or a dataset.
class Object {
  public:
    Hdf5Handle::Id id() const { return handle_.id(); }

    /// A text of fixed or variable length, without its padding; none if there is no such attribute
    /// or it is no single text.
    std::optional<std::string> text_attribute(const std::string& name) const;
    /// A number or an array of numbers of any type; empty if there is no such attribute or it holds
    /// something else.
    std::vector<double> number_attribute(const std::string& name) const;
    /// Names and texts of all attributes of a group that File::add_group made, in the order in
    /// which they were written; the text is empty for what is none.
    std::vector<std::pair<std::string, std::string>> text_attributes() const;

    void add_attribute(const std::string& name, const std::string& text) const;
    void add_attribute(const std::string& name, double value) const;
    void add_attribute(const std::string& name, std::int32_t value) const;

    /// Fails if the verdict of a call of HDF5 on this object is negative.
    void check(std::int64_t verdict, const char* call) const;

  protected:
    /// What a file and its objects share.
    struct Access {
        OnFailure fail;
        bool is_collective = false;
        Hdf5Handle transfer{};  ///< how data is moved; closed: as HDF5 does of itself
    };

    Object(Hdf5Handle handle, std::shared_ptr<const Access> access, std::string name = "")
        : handle_(std::move(handle)), access_(std::move(access)), name_(std::move(name)) {}

    Hdf5Handle handle_;
    std::shared_ptr<const Access> access_;
    std::string name_;

  private:
    friend class File;
    void add_attribute(const std::string& name, const Hdf5Handle& type, const void* value) const;
};

/// A part of a dataset.
struct Block {
    std::vector<std::int64_t> start;  ///< first element on each axis
    std::vector<std::int64_t> count;  ///< elements along each axis
};

/// A dataset that is open. In a file that several ranks write, write() is collective.
class Dataset : public Object {
  public:
    /// Elements along each axis; empty for a single value.
    std::vector<std::int64_t> shape() const;
    std::int64_t n_elements() const;
    /// Whether the file can hold as many elements: a damaged size must not decide how much memory
    /// is taken.
    bool fits_file() const;
    /// Type of the elements in the file.
    Hdf5Handle type() const;

    /// Reads all, or a block, as elements of a type, which HDF5 converts to.
    ///
    /// @param into  [n] elements of that type, row-major.
    void read(const Hdf5Handle& type, void* into) const;
    void read(const Hdf5Handle& type, const Block& block, void* into) const;

    /// Writes all, or a block, of elements of the dataset's own type. A rank may have nothing of a
    /// dataset that several write: its block's counts are 0.
    void write(const void* elements) const;
    void write(const Block& block, const void* elements) const;

  private:
    friend class File;
    using Object::Object;
    /// Selects a block of the dataset's space.
    void select(const Hdf5Handle& space, const Block& block) const;
};

/// How a dataset lies in its file.
struct DatasetSettings {
    /// Elements of a chunk along each axis, which has a checksum; empty: the dataset is one piece
    /// without a checksum.
    std::vector<std::int64_t> chunk{};
    /// Takes the room in the file at once, and fills it with nothing.
    bool is_allocated_early = false;
};

/// Which structures of HDF5 a new file may have: those of the oldest version that can say it, or
/// at least those of 1.8 (large attributes) or 1.10 (checksums of HDF5's own structures).
enum class Hdf5Structures { oldest, v1_8, v1_10 };

/// How a new HDF5 file is laid out.
struct NewFileSettings {
    Hdf5Structures structures = Hdf5Structures::oldest;
    std::int64_t alignment_bytes = 1;  ///< what is at least as large begins on a multiple of it
};

/// An HDF5 file that is open.
///
/// No file is locked by HDF5, which some file systems refuse: what we write has a name of its own
/// until it is whole, and what we read is not written any more. (If the user has set
/// HDF5_USE_FILE_LOCKING, that decides.) Its datasets have to be closed before it is: otherwise
/// close() fails, for what is written and the verdict on it would be put off.
class File : public Object {
  public:
    enum class For { reading, adding };

    static File open(const std::string& path, For purpose, OnFailure fail);
    static File create(const std::string& path, const NewFileSettings& settings, OnFailure fail);
    /// Makes a file that all ranks write. Unless close() was called it is left open in the end:
    /// closing takes all ranks, and after a failure they may not get there.
    ///
    /// @collective yes: every rank, and so is every call on it and on its datasets.
    static File create(const comm::Communicator& communicator,
                       const std::string& path,
                       const NewFileSettings& settings,
                       OnFailure fail);
    File(File&&) = default;
    ~File();

    /// Whether there is such a path in the file.
    bool has(const std::string& path) const;
    Object group(const std::string& path) const;
    Dataset dataset(const std::string& path) const;

    /// Adds a group that keeps the order of its attributes.
    Object add_group(const std::string& path) const;
    /// Adds a dataset.
    ///
    /// @param shape  elements along each axis; empty for a single value.
    Dataset add_dataset(const std::string& path,
                        const Hdf5Handle& type,
                        const std::vector<std::int64_t>& shape,
                        const DatasetSettings& settings = {}) const;

    /// Bytes that the file has taken so far.
    std::int64_t size_bytes() const;
    void close();

  private:
    File(Hdf5Handle handle, std::shared_ptr<const Access> access);
};

}  // namespace faintweb::io
