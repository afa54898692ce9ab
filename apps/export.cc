// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "apps/commands.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_files.h"

namespace faintweb::apps {

base::ExitCode export_catalogue(const std::string& path,
                                const pipeline::ExportPaths& paths,
                                base::Overwrite overwrite) {
    const catalogue::Catalogue catalogue = io::read_catalogue(path);
    base::check_outputs(pipeline::outputs_of_export(catalogue, paths),
                        pipeline::inputs_of_catalogue(path, catalogue),
                        overwrite);
    pipeline::write_exports(catalogue, paths);
    return base::ExitCode::done;
}

}  // namespace faintweb::apps
