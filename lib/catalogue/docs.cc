// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/catalogue/docs.h"

#include <fmt/core.h>

#include "lib/catalogue/tables.h"

namespace faintweb::catalogue {
namespace {

/// What the file holds beside the columns of its tables.
struct Item {
    const char* name;
    const char* type;
    const char* unit;
    const char* meaning;
};

constexpr Item datasets[] = {
    {"/tiles", "table", "", "detected tiles and, where the truth is known, missed ones"},
    {"/fields", "table", "", "fields that the maps are cut into"},
    {"/score", "float32", "",
     "score of every tile of every field, row by row; -1 where a tile was not classified"},
    {"/local_rms", "float32", "Jy/arcsec2",
     "local rms of the noise at the centre of every tile of /score; -1 where a tile was not "
     "classified"},
    {"/provenance/maps", "table", "", "maps that were classified"},
    {"/provenance/headers", "string", "",
     "cards of the maps' headers, 80 characters each, but HISTORY, COMMENT and blank ones"},
    {"/provenance/campaign", "string", "", "campaign file, and all settings in effect"},
    {"/provenance/settings", "key, value", "", "settings that the rows follow from"},
    {"/provenance/versions", "key, value", "", "versions of the program and its libraries"},
};

constexpr Item attributes[] = {
    {"/ format", "string", "", "'faintweb catalogue'"},
    {"/ format_version", "int32", "", "version of the file format"},
    {"/ digest", "string", "",
     "SHA-256 of all results, whatever the host, ranks, threads and paths"},
    {"/provenance model_sha256", "string", "", "SHA-256 of the model file"},
    {"/provenance device", "string", "", "cpu or cuda"},
    {"/provenance precision", "string", "", "precision of the inner layers"},
    {"/provenance kernels", "string", "", "instruction sets that the network ran with"},
    {"/provenance host", "string", "", "host of rank 0"},
    {"/provenance started", "string", "", "time at which the run began"},
    {"/provenance ranks", "string", "", "number of ranks"},
    {"/provenance threads", "string", "", "number of threads of a rank"},
    {"/provenance folder", "string", "", "folder that relative paths of maps start from"},
};

template <std::size_t N>
std::string list_of(const char* what, const Item (&items)[N]) {
    std::string docs = fmt::format("| {} | type | unit | meaning |\n|---|---|---|---|\n", what);
    for (const Item& item : items) {
        docs +=
            fmt::format("| `{}` | {} | {} | {} |\n", item.name, item.type, item.unit, item.meaning);
    }
    return docs;
}

}  // namespace

std::string catalogue_docs() {
    std::string docs = fmt::format(
        "# What a catalogue holds\n\nPrinted by `faintweb --print-docs catalogue`. A catalogue is "
        "an HDF5 file; astropy reads its tables with\nunits and descriptions, for instance "
        "`Table.read(\"catalogue.h5\", path=\"/tiles\")`.\n\n## Datasets\n\n{}\nBeside each table "
        "lies a dataset of its name and `.__table_column_meta__`, from which astropy takes units "
        "and\ndescriptions.\n\n## Attributes\n\n{}",
        list_of("dataset", datasets), list_of("object and attribute", attributes));
    for_each_record_table([&](std::string_view path, std::span<const Column> columns) {
        docs += fmt::format("\n## Columns of {}\n\n{}", path, column_docs(columns));
    });
    return docs;
}

}  // namespace faintweb::catalogue
