#include "mpi/io/catalogue_layout.h"

#include <type_traits>

#include <hdf5.h>

namespace faintweb::io {

static_assert(std::is_same_v<Hdf5Handle::Id, hid_t> && std::is_same_v<herr_t, int>);

void silence_hdf5() {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Handle file_access() {
    Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose);
    H5Pset_file_locking(access.id(), /*use_file_locking=*/false, /*ignore_when_disabled=*/true);
    return access;
}

std::string hdf5_stack() {
    std::string stack;
    const auto add = [](unsigned, const H5E_error2_t* entry, void* text) -> herr_t {
        auto& line = *static_cast<std::string*>(text);
        line += line.empty() ? "" : " < ";
        line += std::string(entry->func_name) + ": " + entry->desc;
        return 0;
    };
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, add, &stack);
    for (char& c : stack) {
        c = c == '\n' ? ' ' : c;
    }
    return stack.empty() ? "no details" : stack;
}

Hdf5Handle text_type(std::size_t size_bytes) {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
    H5Tset_size(type.id(), size_bytes > 0 ? size_bytes : 1);
    H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    return type;
}

Hdf5Handle record_type(std::span<const catalogue::Column> columns, std::size_t record_bytes) {
    Hdf5Handle record(H5Tcreate(H5T_COMPOUND, record_bytes), &H5Tclose);
    for (const catalogue::Column& column : columns) {
        const Hdf5Handle text = text_type(column.size_bytes);
        const hid_t type = [&] {
            switch (column.type) {
                case catalogue::ColumnType::int32:
                    return H5T_STD_I32LE;
                case catalogue::ColumnType::int64:
                    return H5T_STD_I64LE;
                case catalogue::ColumnType::float32:
                    return H5T_IEEE_F32LE;
                case catalogue::ColumnType::float64:
                    return H5T_IEEE_F64LE;
                case catalogue::ColumnType::text:
                    break;
            }
            return text.id();
        }();
        H5Tinsert(record.id(), std::string(column.name).c_str(), column.offset, type);
    }
    return record;
}

Hdf5Handle entry_type(std::size_t key_bytes, std::size_t value_bytes) {
    Hdf5Handle entry(H5Tcreate(H5T_COMPOUND, key_bytes + value_bytes), &H5Tclose);
    H5Tinsert(entry.id(), "key", 0, text_type(key_bytes).id());
    H5Tinsert(entry.id(), "value", key_bytes, text_type(value_bytes).id());
    return entry;
}

}  // namespace faintweb::io
