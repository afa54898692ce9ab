// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/companions.h"

#include <functional>
#include <string>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/catalogue/export_formats.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_files.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/pictures.h"

namespace faintweb::pipeline {

bool write_companions(const campaign::Campaign& campaign) {
    const std::string path = catalogue_path(campaign);
    bool is_all_written = true;
    const auto attempt = [&](const std::function<void()>& write) {
        try {
            write();
        } catch (const base::DiskError&) {
            throw;
        } catch (const base::Error& error) {
            base::log_warning(error.what());
            is_all_written = false;
        }
    };
    if (campaign.detect.exports.empty() && !campaign.detect.pictures) {
        return is_all_written;
    }
    attempt([&] {
        const catalogue::Catalogue catalogue = io::read_catalogue(path);
        for (const std::string& format : campaign.detect.exports) {
            attempt([&] { catalogue::write_export(catalogue, export_of(campaign, format)); });
        }
        if (campaign.detect.pictures) {
            attempt([&] { draw_catalogue(catalogue, path, pictures_folder(campaign)); });
        }
    });
    return is_all_written;
}

}  // namespace faintweb::pipeline
