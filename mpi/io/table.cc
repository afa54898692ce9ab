// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/table.h"

#include <hdf5.h>

namespace faintweb::io {

Hdf5Handle record_type(std::span<const catalogue::Column> columns, std::size_t record_bytes) {
    Hdf5Handle record(H5Tcreate(H5T_COMPOUND, record_bytes), &H5Tclose);
    for (const catalogue::Column& column : columns) {
        const Hdf5Handle type = [&] {
            switch (column.type) {
                case catalogue::ColumnType::int32:
                    return number_type<std::int32_t>();
                case catalogue::ColumnType::int64:
                    return number_type<std::int64_t>();
                case catalogue::ColumnType::float32:
                    return number_type<float>();
                case catalogue::ColumnType::float64:
                    return number_type<double>();
                case catalogue::ColumnType::text:
                    break;
            }
            return text_type(column.size_bytes);
        }();
        H5Tinsert(record.id(), std::string(column.name).c_str(), column.offset, type.id());
    }
    return record;
}

}  // namespace faintweb::io
