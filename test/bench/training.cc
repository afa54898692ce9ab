// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// Speed of training: the program's own step and reducer on the tiles of a folder.
//
// bench_training FOLDER BATCH N_STEPS PRECISION WIRE REDUCER DEVICE, under mpirun; training.py
// calls it and its peers. FOLDER has tiles.f32 [n, 40, 40], labels.u8 [n], test_tiles.f32 and
// test_labels.u8.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/infer/classifier.h"
#include "lib/learn/model.h"
#include "lib/learn/sampling.h"
#include "lib/learn/training_step.h"
#include "mpi/comm/gradient_reducer.h"
#include "mpi/comm/session.h"
#include "mpi/pipeline/train/training_profile.h"

namespace {

using namespace faintweb;

constexpr int tile_px = 40;
constexpr std::size_t tile_size = tile_px * tile_px;
constexpr int n_warm_up = 10;

template <typename T>
std::vector<T> read(const std::string& path) {
    std::vector<T> values(std::filesystem::file_size(path) / sizeof(T));
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(T)));
    return values;
}

int bench(const comm::Communicator& communicator, const std::span<char*> arguments) {
    const std::string folder = arguments[1];
    const std::int64_t batch = std::stoll(arguments[2]);
    const int n_steps = std::stoi(arguments[3]);
    const auto precision_of = [](const std::string& word) {
        return word == "bf16" ? learn::Precision::bf16 : learn::Precision::fp32;
    };
    learn::TrainSettings settings;
    settings.network = "cosmodeep";
    settings.learning_rate = 2e-4;
    settings.augment = false;  // as the peer
    settings.precision = precision_of(arguments[4]);
    const auto tiles = read<float>(folder + "/tiles.f32");
    const auto labels = read<std::uint8_t>(folder + "/labels.u8");
    settings.micro_batch = 0;
    settings.batch_size = static_cast<int>(batch);
    const learn::Device device = learn::choose_device(arguments[7], communicator.local_rank());
    const auto reducer = comm::make_gradient_reducer(
        communicator,
        {.kind = arguments[6],
         .wire = precision_of(arguments[5]) == learn::Precision::bf16 ? comm::Wire::bf16
                                                                      : comm::Wire::fp32,
         .gpu = device.kind == learn::DeviceKind::cuda ? device.index : -1});
    const int n_threads = device.kind == learn::DeviceKind::cpu
                              ? 1
                              : base::n_available_cores() / communicator.n_sharing_cores();
    learn::TrainingStep step(settings, tile_px, device, n_threads, reducer->shared_memory());
    const learn::BatchPart part =
        learn::batch_part(batch, communicator.rank(), communicator.size());
    const auto n = static_cast<std::size_t>(part.n);
    const std::size_t n_batches = labels.size() / static_cast<std::size_t>(batch);
    std::vector<learn::SampleKey> keys(n);
    const auto take_step = [&](int number) {
        const std::size_t first =
            static_cast<std::size_t>(number) % n_batches * static_cast<std::size_t>(batch) +
            static_cast<std::size_t>(part.first);
        for (std::size_t i = 0; i < n; ++i) {
            keys[i] = {1, static_cast<std::uint32_t>(static_cast<std::size_t>(number) / n_batches),
                       first + i};
        }
        step.accumulate(std::span(tiles).subspan(first * tile_size, n * tile_size),
                        std::span(labels).subspan(first, n), keys, batch,
                        [&](std::span<float> piece) { reducer->add(piece); });
        reducer->finish();
        step.apply(settings.learning_rate);
    };
    for (int number = 0; number < n_warm_up; ++number) {
        take_step(number);
    }
    const learn::StepTimes before = step.times();
    const comm::ReductionTimes reduced_before = reducer->times();
    communicator.barrier();
    const auto start = std::chrono::steady_clock::now();
    for (int number = n_warm_up; number < n_warm_up + n_steps; ++number) {
        take_step(number);
    }
    communicator.barrier();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    pipeline::TrainingProfile profile;
    profile.n_steps = n_steps;
    const learn::StepTimes times = step.times();
    profile.step = {times.data_s - before.data_s, times.forward_s - before.forward_s,
                    times.backward_s - before.backward_s, times.optimiser_s - before.optimiser_s,
                    times.sharing_s - before.sharing_s};
    profile.reduction = {reducer->times().hidden_s - reduced_before.hidden_s,
                         reducer->times().exposed_s - reduced_before.exposed_s};
    const std::string table = pipeline::profile_table(communicator, profile);
    if (!communicator.is_root()) {
        return 0;
    }
    learn::Model model = learn::random_model("cosmodeep", tile_px, tile::Scaling::asinh_sigma, 0);
    model.tensors = step.weights();
    const auto truth = read<std::uint8_t>(folder + "/test_labels.u8");
    const std::vector<float> scores =
        infer::Classifier(model, {}, 1).scores(read<float>(folder + "/test_tiles.f32"));
    int n_found = 0;
    int n_false = 0;
    int n_signal = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        n_signal += truth[i];
        n_found += scores[i] > 0.5 && truth[i] == 1;
        n_false += scores[i] > 0.5 && truth[i] == 0;
    }
    base::print(fmt::format("{{\"tiles_per_s\": {:g}, \"a_s\": {:g}}}\n{}",
                            n_steps * static_cast<double>(batch) / seconds,
                            static_cast<double>(n_found) / (n_signal + n_false), table));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    comm::Session session(argc, argv);
    return session.run([&](comm::Communicator& communicator) {
        return bench(communicator, std::span(argv, static_cast<std::size_t>(argc)));
    });
}
