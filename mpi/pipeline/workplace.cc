#include "mpi/pipeline/workplace.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drain.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/base/progress.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/infer/precision.h"
#include "mpi/comm/share_fields.h"
#include "mpi/io/catalogue_file.h"

namespace faintweb::pipeline {

int n_mocks(const campaign::Campaign& campaign, MockSet set) {
    return set == MockSet::test ? campaign.simulate.n_test : campaign.simulate.n_train;
}

std::string mock_path(const campaign::Campaign& campaign,
                      MockSet set,
                      const std::string& kind,
                      int number,
                      const std::string& ending) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 5 ? 5 - digits.size() : 0, '0');
    return base::text(campaign::skies_folder(campaign),
                      "/",
                      set == MockSet::train ? "train" : "test",
                      "/",
                      kind,
                      "_",
                      digits,
                      ending);
}

std::string sky_path(const campaign::Campaign& campaign, MockSet set, int number) {
    return mock_path(campaign, set, "sky", number, ".fits");
}

std::string noise_path(const campaign::Campaign& campaign, MockSet set, int number) {
    return mock_path(campaign, set, "noise", number, ".fits");
}

std::string halo_path(const campaign::Campaign& campaign, MockSet set, int number) {
    return mock_path(campaign, set, "haloes", number, ".csv");
}

std::string identity_of(const std::string& path) {
    const std::string stamp = base::file_stamp(path);
    return std::filesystem::is_regular_file(path)
               ? base::text(stamp, ", pieces ", base::sha256_of_pieces(path))
               : stamp;
}

std::string mock_skies_state(const campaign::Campaign& campaign) {
    std::string state =
        base::version() + "\n" +
        campaign::settings_text(
            campaign,
            {"seed", "cosmology", "boxes", "sky", "snapshot", "point_sources", "observation"}) +
        base::text("layers ", campaign.simulate.layers, "\n");
    for (const int slab : campaign.simulate.slabs) {
        state += base::text("slab ", slab, "\n");
    }
    for (const MockSet set : {MockSet::train, MockSet::test}) {
        for (const std::string& file : campaign::sky_files(campaign, set).files) {
            state += base::text("made from ", identity_of(file), "\n");
        }
    }
    return state;
}

namespace {

/// @param of_what  "", or "_epoch_N".
std::string model_path(const campaign::Campaign& campaign, const std::string& of_what) {
    return campaign.output + "/model" + campaign::rule_suffix(campaign) + of_what + ".safetensors";
}

}  // namespace

std::string model_path(const campaign::Campaign& campaign) {
    return model_path(campaign, "");
}

std::string epoch_model_path(const campaign::Campaign& campaign, int epoch) {
    return model_path(campaign, base::text("_epoch_", epoch));
}

std::vector<std::string> models_of_training(const campaign::Campaign& campaign) {
    std::vector<std::string> paths;
    campaign::Campaign of_rule = campaign;
    for (const label::LabelRule& rule : campaign::label_rules(campaign)) {
        of_rule.label = rule;
        paths.push_back(model_path(of_rule));
        for (const int epoch : campaign.train.keep_epochs) {
            if (epoch <= campaign.train.epochs) {
                paths.push_back(epoch_model_path(of_rule, epoch));
            }
        }
    }
    return paths;
}

std::string catalogue_path(const campaign::Campaign& campaign) {
    return campaign.output + "/" + campaign.detect.catalogue;
}

std::string milestones_path(const campaign::Campaign& campaign) {
    return campaign.output + "/milestones" + campaign::rule_suffix(campaign) + ".json";
}

std::vector<MapPaths> mock_maps(const campaign::Campaign& campaign, MockSet set) {
    const int n_maps = n_mocks(campaign, set);
    std::vector<MapPaths> maps;
    for (int number = 0; number < n_maps; ++number) {
        maps.push_back({noise_path(campaign, set, number), sky_path(campaign, set, number)});
    }
    return maps;
}

DetectMaps maps_to_detect(const campaign::Campaign& campaign) {
    const campaign::DetectSettings& settings = campaign.detect;
    if (settings.maps.size() == 1 && settings.maps.front() == campaign::simulated_maps) {
        return {mock_maps(campaign, MockSet::test), {}};
    }
    const auto identity = [](const std::string& path) {
        struct stat about {};
        return ::stat(path.c_str(), &about) == 0 ? base::text(about.st_dev, " ", about.st_ino)
                                                 : path;
    };
    DetectMaps wanted;
    std::map<std::pair<std::string, std::string>, std::string> first_names;
    for (std::size_t i = 0; i < settings.maps.size(); ++i) {
        const MapPaths map{settings.maps[i], settings.truth.empty() ? "" : settings.truth[i]};
        // With another sky image it is another job.
        const auto [first, is_new] =
            first_names.try_emplace({identity(map.map), identity(map.truth)}, map.map);
        if (is_new) {
            wanted.maps.push_back(map);
        } else {
            wanted.repeats.push_back(
                map.map == first->second ? map.map : map.map + " (which is " + first->second + ")");
        }
    }
    return wanted;
}

bool is_in_memory(const campaign::Campaign& campaign, MockSet set) {
    return set == MockSet::train && campaign.train.source == learn::TileSource::simulate;
}

namespace {

/// OMP_NUM_THREADS; none where it is not set, or no number of threads.
std::optional<int> threads_of_environment(const comm::Communicator& communicator) {
    constexpr int most = 4096;
    const char* const text = std::getenv("OMP_NUM_THREADS");
    if (text == nullptr || *text == '\0') {
        return std::nullopt;
    }
    const char* const end = text + std::strlen(text);
    int number = 0;
    const auto [rest, error] = std::from_chars(text, end, number);
    if (error == std::errc() && rest == end && number >= 1 && number <= most) {
        return number;
    }
    static std::once_flag has_warned;
    if (communicator.is_root()) {
        std::call_once(has_warned, [&] {
            base::log_warning(base::text("OMP_NUM_THREADS is ",
                                         text,
                                         " (no whole number from 1 to ",
                                         most,
                                         "), it is ignored"));
        });
    }
    return std::nullopt;
}

}  // namespace

int threads_of_rank(const campaign::Campaign& campaign, const comm::Communicator& communicator) {
    if (campaign.parallel.threads > 0) {
        return campaign.parallel.threads;
    }
    if (const std::optional<int> threads = threads_of_environment(communicator)) {
        return *threads;
    }
    return std::max(1, base::n_available_cores() / communicator.n_sharing_cores());
}

std::string absolute_path(const std::string& path) {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(path, error);
    if (error) {
        return path;  // the current folder has gone
    }
    const std::filesystem::path normal = absolute.lexically_normal();
    return (normal.has_filename() ? normal : normal.parent_path()).string();
}

void prepare_folder(const comm::Communicator& communicator, const std::string& folder) {
    comm::on_root(communicator, [&] {
        base::make_folder(folder);
        if (::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
            throw base::UsageError(base::text("cannot write into the folder ",
                                              folder.empty() ? "." : folder,
                                              " (",
                                              std::strerror(errno),
                                              "), choose another output"));
        }
    });
}

void prepare_output(const comm::Communicator& communicator, const std::string& path) {
    prepare_folder(communicator, std::filesystem::path(path).parent_path().string());
    comm::on_root(communicator, [&] {
        if (std::filesystem::is_directory(path)) {
            throw base::UsageError(path + " is a folder, give the name of a file");
        }
    });
}

std::string name_of_map(const catalogue::Catalogue& catalogue, std::int32_t map) {
    const auto stem_of = [](const catalogue::MapRecord& record) {
        return std::filesystem::path(record.path.str()).stem().string();
    };
    const std::string stem = stem_of(catalogue.maps[static_cast<std::size_t>(map)]);
    const auto n_alike = std::ranges::count(catalogue.maps, stem, stem_of);
    return n_alike > 1 ? base::text("map_", map, "_", stem) : stem;
}

std::vector<std::string> file_names_of_maps(const catalogue::Catalogue& catalogue) {
    std::map<std::string, int> n_named;
    std::vector<std::string> names;
    for (const catalogue::MapRecord& map : catalogue.maps) {
        names.push_back(std::filesystem::path(map.path.str()).filename().string());
        ++n_named[names.back()];
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (n_named[names[i]] > 1) {
            names[i] = catalogue.maps[i].path.str();
        }
    }
    return names;
}

std::vector<std::string> places_of_map(const catalogue::Catalogue& catalogue,
                                       const std::string& catalogue_file,
                                       const catalogue::MapRecord& map) {
    const std::filesystem::path named = map.path.str();
    std::vector<std::string> places{named.string()};
    if (named.is_relative()) {
        places.push_back((std::filesystem::path(catalogue_file).parent_path() / named).string());
        if (const auto folder = entry_of(catalogue.provenance.run, io::folder_key)) {
            places.push_back((std::filesystem::path(*folder) / named).string());
        }
    }
    return places;
}

std::optional<std::string> entry_of(const catalogue::Entries& entries, std::string_view name) {
    const auto found =
        std::ranges::find(entries, name, &std::pair<std::string, std::string>::first);
    return found == entries.end() ? std::nullopt : std::optional(found->second);
}

FileKind kind_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string first(9, '\0');
    file.read(first.data(), static_cast<std::streamsize>(first.size()));
    if (first.starts_with("\x89HDF")) {
        return FileKind::catalogue;
    }
    // Safetensors: eight bytes of length, then JSON.
    return first[8] == '{' ? FileKind::model : FileKind::map;
}

std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue) {
    std::vector<std::optional<image::Wcs>> wcs(catalogue.maps.size());
    for (std::size_t i = 0; i < wcs.size(); ++i) {
        if (catalogue.maps[i].has_wcs != 0) {
            wcs[i].emplace(catalogue.provenance.map_headers[i]);
        }
    }
    return wcs;
}

namespace {

bool is_same_everywhere(const comm::Communicator& communicator, std::int64_t value) {
    return communicator.max(value) == -communicator.max(-value);
}

}  // namespace

learn::Device choose_device(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign) {
    learn::Device device;
    comm::collectively(communicator, [&] {
        device = learn::choose_device(campaign.parallel.device, communicator.local_rank());
    });
    if (!is_same_everywhere(communicator, static_cast<std::int64_t>(device.kind))) {
        throw comm::CollectiveError(
            base::ExitCode::usage,
            "some ranks have a GPU and some do not (their results would differ in the last bits), "
            "give --set parallel.device=cpu");
    }
    return device;
}

LoadedModel load_model(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       const std::string& path,
                       const std::string& wanted_precision) {
    const learn::Device device = choose_device(communicator, campaign);
    learn::Model model;
    learn::Precision precision{};
    comm::collectively(communicator, [&] {
        model = learn::read_model(path);
        precision = infer::choose_precision(wanted_precision, device, model.network);
    });
    if (!is_same_everywhere(communicator, static_cast<std::int64_t>(precision))) {
        throw comm::CollectiveError(base::ExitCode::usage,
                                    "some ranks have a processor for bf16 and some do not (their "
                                    "results would differ), give --set detect.precision=fp32");
    }
    std::optional<LoadedModel> loaded;
    comm::collectively(communicator, [&] {
        infer::Classifier classifier(
            model, device, threads_of_rank(campaign, communicator), precision);
        loaded.emplace(LoadedModel{std::move(model), std::move(classifier)});
    });
    return std::move(*loaded);
}

void log_shares(const comm::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here) {
    const std::vector<std::size_t> shares = communicator.gather(n_worked_here);
    std::string line = stage + ": fields per rank:";
    for (std::size_t rank = 0; rank < shares.size(); ++rank) {
        line += base::text(rank == 0 ? " " : ", ", "rank ", rank, ": ", shares[rank]);
    }
    if (communicator.is_root()) {
        base::log_info(line);
    }
}

OutputLock::OutputLock(const comm::Communicator& communicator,
                       const std::string& path,
                       const std::string& what) {
    comm::on_root(communicator, [&] {
        try {
            lock_ = std::make_unique<base::RunLock>(path, what);
        } catch (const base::InputError& error) {
            // Of somebody else, say: nothing of the run can be done.
            throw base::UsageError(base::text(error.what(), ", choose another output"));
        }
    });
}

namespace {

/// How long a rank may take for the largest field of a plan.
double field_deadline_s(const campaign::Campaign& campaign, const FieldPlan& plan) {
    std::int64_t largest = 0;
    for (const PlannedField& field : plan.fields) {
        largest = std::max(largest, field.window.rows * field.window.cols);
    }
    return campaign.parallel.deadline_s * std::max(1.0, static_cast<double>(largest) / 4e6);
}

/// The order in which the fields of a plan are handed out, largest first; a store's suspects come
/// before all others.
std::vector<std::int64_t> hand_out_order(const FieldPlan& plan, const FieldStore* store) {
    std::vector<std::int64_t> n_pixels;
    for (const PlannedField& field : plan.fields) {
        n_pixels.push_back(field.window.rows * field.window.cols);
    }
    std::vector<std::int64_t> order = comm::largest_first(n_pixels);
    if (store != nullptr) {
        const std::vector<std::int64_t>& fresh = store->fresh();
        std::erase_if(
            order, [&](std::int64_t field) { return !std::ranges::binary_search(fresh, field); });
        order.insert(order.begin(), store->suspects().begin(), store->suspects().end());
    }
    return order;
}

}  // namespace

void work_on_fields(const comm::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    const std::string& stage,
                    const FieldPlan& plan,
                    const image::MapOptions& options,
                    const FieldHandling& handling) {
    FieldReader reader(plan, options);
    const bool is_read_by_root = campaign.parallel.scatter == "pixels";
    FieldStore* const store = handling.store;
    const double deadline_s = field_deadline_s(campaign, plan);
    const auto watch = [&](std::int64_t field) {
        return handling.watchdog == nullptr
                   ? nullptr
                   : std::make_unique<base::Watchdog::Task>(
                         *handling.watchdog,
                         base::text("field ", field, " of ", plan.map_of(field).info.path),
                         deadline_s,
                         store == nullptr ? 0 : store->key_of(field));
    };
    const std::vector<std::int64_t> order = hand_out_order(plan, store);
    base::Progress progress(stage, "fields", static_cast<std::int64_t>(order.size()));
    comm::ShareSettings settings{.credits = campaign.parallel.credits,
                                 .is_rank0_dedicated = campaign.parallel.dedicated_rank0,
                                 .n_at_once = handling.n_at_once};
    // Of the fields that were read here.
    std::vector<double> read_s(plan.fields.size(), 0);
    const auto read = [&](std::int64_t field) {
        const base::Stopwatch stopwatch;
        std::vector<float> pixels = reader.read(field);
        read_s[static_cast<std::size_t>(field)] = stopwatch.seconds();
        return pixels;
    };
    const auto read_to_send = [&](std::int64_t field) {
        const auto task = watch(field);
        return read(field);
    };
    const auto work_on = [&](std::int64_t field, std::vector<float> pixels) {
        const auto task = watch(field);
        try {
            if (pixels.empty()) {
                pixels = read(field);
            }
            FieldPixels unpacked = unpack_field(plan, field, std::move(pixels));
            unpacked.read_s = read_s[static_cast<std::size_t>(field)];
            handling.work(field, std::move(unpacked));
        } catch (const base::InputError& error) {
            handling.fail(field, error.what());
        }
    };
    comm::FieldWork work{.read = [](std::int64_t) { return std::vector<float>(); },
                         .work = work_on,
                         .fail = handling.fail,
                         .progress = [&](std::int64_t) { progress.advance(); }};
    if (is_read_by_root) {
        work.read = read_to_send;
    }
    if (store != nullptr) {
        const std::set<std::int64_t> suspects(store->suspects().begin(), store->suspects().end());
        settings.n_alone = suspects.size();
        work.begun = [store, suspects](std::int64_t field, int rank) {
            store->begun(field,
                         rank,
                         suspects.contains(field) ? catalogue::AttemptMode::alone
                                                  : catalogue::AttemptMode::among_others);
        };
        work.report = [store](bool is_last) { return store->report(is_last); };
        work.take_reports = [store](const std::string& reports) { store->take_reports(reports); };
        work.is_asked_to_stop = &base::is_asked_to_stop;
    }
    if (handling.watchdog != nullptr) {
        // A rank that can says itself what it was doing.
        constexpr double grace_s = 5;
        settings.lease_s = deadline_s + grace_s;
    }
    const std::vector<std::int64_t> worked =
        comm::share_fields(communicator, order, settings, work);
    if (communicator.is_root()) {
        progress.finish();
    }
    log_shares(communicator, stage, worked.size());
}

}  // namespace faintweb::pipeline
