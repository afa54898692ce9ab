// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/model.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/base/units.h"
#include "lib/base/version.h"
#include "lib/learn/checked_json.h"
#include "lib/learn/device.h"
#include "lib/learn/safetensors.h"
#include "lib/score/history_json.h"

namespace faintweb::learn {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr const char* metadata_key = "faintweb";
/// The pixel scale and the beam of a map may differ from those of its model by 5 %.
constexpr double max_relative_difference = 0.05;
/// The largest network (cosmodeep at 256 px) has 1.1 GB; a file past this bound is no model of
/// ours.
constexpr std::int64_t max_file_bytes = std::int64_t{2} << 30;

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
    throw base::UsageError(path + " is not a usable model (" + reason +
                           "); give a .safetensors model written by `faintweb train`");
}

std::string read_bytes(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        throw base::UsageError("model " + path + " cannot be read (there is no such file, or no " +
                               "permission); check the path");
    }
    if (!S_ISREG(status.st_mode)) {
        refuse(path, "it is no regular file");
    }
    if (status.st_size > max_file_bytes) {
        refuse(path, base::text("it has ", status.st_size, " bytes, more than 2 GiB"));
    }
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::ifstream file(path, std::ios::binary);
    if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
        throw base::UsageError("model " + path + " cannot be read (" +
                               (file.is_open() ? "it ends early" : "no permission") +
                               "); check the file");
    }
    return bytes;
}

/// One value of the metadata, in range.
template <typename T>
T value_of(const Json& json, const char* key, T lowest, T highest) {
    if (!json.is_object() || !json.contains(key)) {
        throw std::runtime_error(base::text("its metadata lack '", key, "'"));
    }
    const Json& value = json[key];
    const bool is_right_type =
        std::is_floating_point_v<T> ? value.is_number() : value.is_number_integer();
    // Compared as double first: what does not fit T is out of range, too.
    if (!is_right_type || !(value.get<double>() >= static_cast<double>(lowest)) ||
        !(value.get<double>() <= static_cast<double>(highest))) {
        throw std::runtime_error(base::text("'", key, "' in its metadata is ", value.dump(),
                                            ", which is no number from ", lowest, " to ", highest));
    }
    return value.get<T>();
}

std::string text_of(const Json& json, const char* key) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string()) {
        throw std::runtime_error(base::text("its metadata lack the text '", key, "'"));
    }
    return json[key].get<std::string>();
}

const Json& object_of(const Json& json, const char* key) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_object()) {
        throw std::runtime_error(base::text("its metadata lack the object '", key, "'"));
    }
    return json[key];
}

Json to_json(const Model& model) {
    const score::Confusion& confusion = model.metrics.confusion;
    // The header of a file is bounded, a training is not.
    constexpr std::size_t max_epochs = 1000;
    const std::size_t every = (model.history.size() + max_epochs - 1) / max_epochs;
    Json history = Json::array();
    for (std::size_t i = 0; i < model.history.size(); ++i) {
        if ((i + 1) % every == 0 || i + 1 == model.history.size()) {
            history.push_back(score::to_json(model.history[i]));
        }
    }
    return {
        {"format", format_version},
        {"network", model.network},
        {"n_thresholds", model.n_thresholds},
        {"tile_px", model.tile_px},
        {"scaling", tile::scaling_name(model.scaling)},
        {"label_rule",
         {{"min_pixels", model.label_rule.min_pixels},
          {"flux_threshold_jy_arcsec2", model.label_rule.flux_threshold_jy_arcsec2}}},
        {"pixel_arcsec", model.pixel_arcsec},
        {"beam",
         {{"major_arcsec", model.beam.major_arcsec},
          {"minor_arcsec", model.beam.minor_arcsec},
          {"angle_deg", model.beam.angle_deg}}},
        {"noise_jy_beam", model.noise_jy_beam},
        {"frequency_hz", model.frequency_hz},
        {"compact_sources",
         model.has_compact_sources ? Json(*model.has_compact_sources) : Json(nullptr)},
        {"threshold", model.threshold},
        {"calibration", {{"scale", model.calibration.scale}, {"offset", model.calibration.offset}}},
        {"training_data_sha256", model.training_data_sha256},
        {"kept_epoch", model.kept_epoch},
        {"history", history},
        {"metrics",
         {{"n_fields", model.metrics.n_fields},
          {"n_1c", confusion.n_1c},
          {"n_1f", confusion.n_1f},
          {"n_0f", confusion.n_0f},
          {"n_0c", confusion.n_0c},
          {"a_s", score::json_number(confusion.a_s())},
          {"w_s", score::json_number(confusion.w_s())},
          {"w_v", score::json_number(confusion.w_v())}}},
        {"versions", {{"faintweb", model.faintweb_version}, {"libtorch", model.torch_version}}},
    };
}

Model from_json(const Json& json) {
    constexpr double tiny = 1e-300;
    constexpr double huge = 1e300;
    constexpr auto max_count = std::int64_t{1} << 53;
    if (value_of<int>(json, "format", 1, 1 << 30) > format_version) {
        throw std::runtime_error("a newer faintweb wrote it");
    }
    Model model;
    model.network = text_of(json, "network");
    if (json.contains("n_thresholds")) {  // older models have one
        model.n_thresholds = value_of<std::int64_t>(json, "n_thresholds", 1, 1000);
    }
    model.tile_px = value_of<int>(json, "tile_px", 1, 1 << 16);
    model.scaling = tile::scaling_from_name(text_of(json, "scaling"));
    const Json& rule = object_of(json, "label_rule");
    model.label_rule.min_pixels = value_of<int>(rule, "min_pixels", 0, 1 << 30);
    model.label_rule.flux_threshold_jy_arcsec2 =
        value_of<double>(rule, "flux_threshold_jy_arcsec2", -huge, huge);
    model.pixel_arcsec = value_of<double>(json, "pixel_arcsec", tiny, huge);
    const Json& beam = object_of(json, "beam");
    model.beam.major_arcsec = value_of<double>(beam, "major_arcsec", tiny, huge);
    model.beam.minor_arcsec = value_of<double>(beam, "minor_arcsec", tiny, huge);
    model.beam.angle_deg = value_of<double>(beam, "angle_deg", -360, 360);
    model.noise_jy_beam = value_of<double>(json, "noise_jy_beam", 0, huge);
    model.frequency_hz = value_of<double>(json, "frequency_hz", 0, huge);
    if (json.contains("compact_sources") && !json["compact_sources"].is_null()) {
        if (!json["compact_sources"].is_boolean()) {
            throw std::runtime_error("'compact_sources' in its metadata is neither true nor false");
        }
        model.has_compact_sources = json["compact_sources"].get<bool>();
    }
    model.threshold = value_of<double>(json, "threshold", 0, 1);
    const Json& calibration = object_of(json, "calibration");
    model.calibration.scale = value_of<double>(calibration, "scale", -huge, huge);
    model.calibration.offset = value_of<double>(calibration, "offset", -huge, huge);
    model.training_data_sha256 = text_of(json, "training_data_sha256");
    if (json.contains("history")) {  // models made before there was one have none
        model.kept_epoch = value_of<int>(json, "kept_epoch", 0, 1 << 30);
        model.history = score::history_from_json(json["history"]);
    }
    const Json& metrics = object_of(json, "metrics");
    model.metrics.n_fields = value_of<std::int64_t>(metrics, "n_fields", 0, max_count);
    score::Confusion& confusion = model.metrics.confusion;
    confusion.n_1c = value_of<std::int64_t>(metrics, "n_1c", 0, max_count);
    confusion.n_1f = value_of<std::int64_t>(metrics, "n_1f", 0, max_count);
    confusion.n_0f = value_of<std::int64_t>(metrics, "n_0f", 0, max_count);
    confusion.n_0c = value_of<std::int64_t>(metrics, "n_0c", 0, max_count);
    const Json& versions = object_of(json, "versions");
    model.faintweb_version = text_of(versions, "faintweb");
    model.torch_version = text_of(versions, "libtorch");
    return model;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t extent : shape) {
        text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    }
    return text + "]";
}

/// The tensors in the order of the network.
/// @throws std::runtime_error  if they are not exactly the network's, or not finite.
std::vector<Tensor> fitting_tensors(const Model& model, std::vector<Tensor> tensors) {
    const std::vector<WeightShape> shapes =
        weight_shapes(model.network, model.tile_px, model.heads());
    std::vector<Tensor> ordered;
    for (const WeightShape& weight : shapes) {
        const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& tensor) {
            return tensor.name == weight.name;
        });
        if (found == tensors.end()) {
            throw std::runtime_error("tensor '" + weight.name + "' of " + model.network +
                                     " is missing");
        }
        if (found->shape != weight.shape) {
            throw std::runtime_error("tensor '" + weight.name + "' has the shape " +
                                     shape_text(found->shape) + ", " + model.network + " needs " +
                                     shape_text(weight.shape));
        }
        if (!std::all_of(found->values.begin(), found->values.end(),
                         [](float value) { return std::isfinite(value); })) {
            throw std::runtime_error("tensor '" + weight.name + "' holds NaN or infinity");
        }
        ordered.push_back(std::move(*found));
        tensors.erase(found);
    }
    if (!tensors.empty()) {
        throw std::runtime_error("tensor '" + tensors.front().name + "' is not one of " +
                                 model.network);
    }
    return ordered;
}

bool is_close(double value, double expected) {
    return std::fabs(value - expected) <= max_relative_difference * expected;
}

}  // namespace

const char* compact_sources_word(const Model& model) {
    return !model.has_compact_sources ? "unknown" : *model.has_compact_sources ? "yes" : "no";
}

Model random_model(const std::string& network,
                   int tile_px,
                   tile::Scaling scaling,
                   std::uint64_t seed) {
    Model model;
    model.network = network;
    model.tile_px = tile_px;
    model.scaling = scaling;
    model.tensors = random_weights(network, tile_px, seed);
    return model;
}

Model read_model(const std::string& path) {
    const std::string bytes = read_bytes(path);
    Safetensors contents = parse_safetensors(bytes, path);
    const auto metadata = contents.metadata.find(metadata_key);
    if (metadata == contents.metadata.end()) {
        refuse(path, "its header has no metadata entry 'faintweb'");
    }
    try {
        Model model = from_json(parse_checked_json(metadata->second));
        model.tensors = fitting_tensors(model, std::move(contents.tensors));
        model.sha256 = base::sha256(bytes);
        return model;
    } catch (const std::runtime_error& error) {
        refuse(path, error.what());
    }
}

void write_model(const std::string& path, Model& model) {
    model.faintweb_version = base::version();
    model.torch_version = torch_version();
    std::string bytes;
    try {
        model.tensors = fitting_tensors(model, model.tensors);
        // What read_model() would refuse is not written either.
        const Json json = to_json(model);
        from_json(json);
        bytes = safetensors_bytes({{{metadata_key, json.dump()}}, model.tensors});
    } catch (const std::runtime_error& error) {
        throw base::UsageError("the model cannot be written to " + path + " (" + error.what() +
                               "); train with other settings");
    }
    base::write_file(path, bytes);
    model.sha256 = base::sha256(bytes);
}

std::vector<Mismatch> check_model_fits(const Model& model,
                                       const image::PixelShape& pixel,
                                       const std::optional<image::Beam>& beam) {
    std::vector<Mismatch> mismatches;
    const bool is_skewed = !(pixel.skew_deg <= max_relative_difference * base::deg_per_rad);
    if (!is_close(pixel.width_arcsec, model.pixel_arcsec) ||
        !is_close(pixel.height_arcsec, model.pixel_arcsec) || is_skewed) {
        mismatches.push_back(
            {"pixel", base::text("the pixel is ", image::pixel_text(pixel),
                                 ", the model was trained at ", model.pixel_arcsec, " arcsec")});
    }
    const image::Beam& expected = model.beam;
    if (!beam) {
        mismatches.push_back({"beam", "the beam of the map is not known (--beam gives it)"});
    } else if (!is_close(beam->major_arcsec, expected.major_arcsec) ||
               !is_close(beam->minor_arcsec, expected.minor_arcsec)) {
        mismatches.push_back(
            {"beam", base::text("the beam is ", beam->major_arcsec, " x ", beam->minor_arcsec,
                                " arcsec, the model was trained at ", expected.major_arcsec, " x ",
                                expected.minor_arcsec, " arcsec")});
    }
    return mismatches;
}

}  // namespace faintweb::learn
