// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "apps/commands.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_files.h"
#include "mpi/pipeline/output_kinds.h"

namespace faintweb::apps {

base::ExitCode export_catalogue(const std::string& path,
                                const std::vector<catalogue::Export>& exports,
                                base::Overwrite overwrite) {
    const catalogue::Catalogue catalogue = io::read_catalogue(path);
    std::vector<base::Output> outputs;
    for (const catalogue::Export& to : exports) {
        pipeline::append(outputs, to.format->outputs(catalogue, to.path));
    }
    base::check_outputs(outputs, pipeline::inputs_of_catalogue(path, catalogue), overwrite);
    for (const catalogue::Export& to : exports) {
        catalogue::write_export(catalogue, to);
    }
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
