// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"

namespace faintweb::campaign {

template <>
struct Names<Stage> {
    static std::vector<std::pair<std::string, Stage>> all() {
        std::vector<std::pair<std::string, Stage>> names;
        for (const Stage stage : {Stage::simulate, Stage::train, Stage::evaluate, Stage::detect}) {
            names.emplace_back(stage_name(stage), stage);
        }
        return names;
    }
};

void add_top_keys(Keys& keys) {
    Section<Campaign> section(keys);
    section.key("name", &Campaign::name, not_empty(), "", "Name of the run in logs and reports.")
        .required()
        .only_running();
    section.key("seed", &Campaign::seed, any_value(), "",
                "Seed of all random numbers but those of the boxes and the training, which have "
                "seeds of their own.");
    section
        .key("output", &Campaign::output, not_empty(), "",
             "Folder that receives everything, relative to the current folder.")
        .required()
        .only_running();
    section.key("stages", &Campaign::stages, any_value(), "", "Stages that are run, in this order.")
        .required()
        .only_running();
    section.key("tile_px", &Campaign::tile_px, within(8, 256), "pixel",
                "Edge of a tile, the square that is labelled and classified.");
    section.key(
        "field_px", &Campaign::field_px, within(8, 20000), "pixel",
        "Edge of a field, the cut-out that is handed to a rank; rounded down to whole tiles.");
}

void add_parallel_keys(Keys& keys) {
    using Parallel = ParallelSettings;
    Section<Parallel> section(keys, "parallel", &Campaign::parallel,
                              "Use of the machine; the results stay the same.");
    section
        .key("device", &Parallel::device, std::vector<std::string>{"auto", "cpu", "cuda"}, "",
             "Device that the network runs on; auto = a GPU if there is one.")
        .only_running();
    section
        .key("threads", &Parallel::threads, within(0, 4096), "",
             "Number of threads of one rank; 0 = OMP_NUM_THREADS or, where it is not set, its "
             "share of the cores.")
        .only_running();
    section
        .key("scatter", &Parallel::scatter, std::vector<std::string>{"pixels", "windows"}, "",
             "Content of what rank 0 sends of a field: its pixels, or the window that the worker "
             "reads itself.")
        .only_running();
    section
        .key("credits", &Parallel::credits, within(1, 64), "field",
             "Number of fields in flight per thread of a worker.")
        .only_running();
    section
        .key("dedicated_rank0", &Parallel::dedicated_rank0, any_value(), "",
             "Let rank 0 only hand out fields and classify none itself.")
        .only_running();
    section
        .key("deadline_s", &Parallel::deadline_s, within(1, 1e6), "s",
             "Time after which a rank that has not come to the end of a field of 2000 x 2000 px "
             "(others in proportion, if larger) is taken to be stuck, and detect ends with code "
             "75, resumable.")
        .only_running();
    section
        .key("tile_memory_mb", &Parallel::tile_memory_mb, within(0, 1e9), "MB",
             "Memory of a rank for training tiles, beyond which they are kept in a file in the "
             "output folder; 0 = no limit.")
        .only_running();
    section
        .key("reducer", &Parallel::reducer,
             std::vector<std::string>{"auto", "shared", "mpi", "nccl"}, "",
             "Way in which ranks sum gradients: shared memory of one host (where they then train "
             "one copy of the weights), MPI over host memory, or NCCL between GPUs; auto = NCCL on "
             "GPUs, else shared where it can be.")
        .only_running();
    section
        .key("profile", &Parallel::profile, any_value(), "",
             "Print where the time went: per step of training, per field of detection.")
        .only_running();
}

void add_image_keys(Keys& keys) {
    using Image = ImageSettings;
    Section<Image> section(keys, "image", &Campaign::image, "Reading of FITS files.");
    section
        .key("max_unpacked_bytes", &Image::max_unpacked_bytes, within(1, 0x1p50), "byte",
             "Largest unpacked size of a gzipped map; a larger one is refused.")
        .only_running();
}

}  // namespace faintweb::campaign
