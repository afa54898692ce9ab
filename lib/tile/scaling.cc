#include "lib/tile/scaling.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace faintweb::tile {
namespace {

constexpr float floor_jy_arcsec2 = 1e-11F;
constexpr float ceiling_jy_arcsec2 = 1e-2F;

struct NamedScaling {
    Scaling scaling;
    std::string_view name;
};
constexpr std::array names{NamedScaling{Scaling::paper, "paper"},
                           NamedScaling{Scaling::fixed, "fixed"},
                           NamedScaling{Scaling::asinh_sigma, "asinh_sigma"}};
constexpr std::array scalings{Scaling::paper, Scaling::fixed, Scaling::asinh_sigma};

/// log10 of the floored flux, mapped linearly so that `low` is 0 and `high` is 1.
ScaledField scale_log(const image::Image& field, bool is_per_field) {
    ScaledField scaled{image::make_image(field.rows, field.cols), 0};
    const auto to_log = [](float v) { return std::log10(std::max(v, floor_jy_arcsec2)); };
    float low = std::log10(floor_jy_arcsec2);
    float high = std::log10(ceiling_jy_arcsec2);
    std::vector<float>& out = scaled.pixels.pixels;
    std::transform(field.pixels.begin(), field.pixels.end(), out.begin(), to_log);
    if (is_per_field) {
        bool has_any = false;
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (std::isfinite(field.pixels[i])) {
                low = has_any ? std::min(low, out[i]) : out[i];
                high = has_any ? std::max(high, out[i]) : out[i];
                has_any = true;
            }
        }
    }
    const float factor = high > low ? 1.0F / (high - low) : 0.0F;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] =
            std::isfinite(field.pixels[i]) ? std::clamp((out[i] - low) * factor, 0.0F, 1.0F) : 0.0F;
    }
    return scaled;
}

ScaledField scale_asinh(const image::Image& field) {
    ScaledField scaled{image::make_image(field.rows, field.cols), 0};
    const RobustStatistics statistics = robust_statistics(field.pixels);
    // A field of one value has no rms; any finite unit then gives zeros.
    // In double: the rms may be denormal, its inverse beyond float's range.
    const auto rms = static_cast<double>(statistics.rms);
    const auto median = static_cast<double>(statistics.median);
    const double factor = rms > 0 && std::isfinite(rms) ? 1.0 / rms : 1.0;
    std::vector<float>& out = scaled.pixels.pixels;
    float lowest = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (std::isfinite(field.pixels[i])) {
            const double in_sigma = (static_cast<double>(field.pixels[i]) - median) * factor;
            // Clamped, so that 1e38 over a tiny rms stays finite.
            out[i] = std::asinh(static_cast<float>(std::clamp(in_sigma, -1e30, 1e30)));
            lowest = std::min(lowest, out[i]);
        }
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (!std::isfinite(field.pixels[i])) {
            out[i] = lowest;
        }
    }
    scaled.blank_value = lowest;
    return scaled;
}

float median_of(std::vector<float>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) {
        return *middle;
    }
    const float below = *std::max_element(values.begin(), middle);
    return below / 2 + *middle / 2;
}

}  // namespace

Scaling scaling_from_name(std::string_view name) {
    std::string choices;
    for (const NamedScaling& named : names) {
        if (named.name == name) {
            return named.scaling;
        }
        choices += base::text(choices.empty() ? "" : ", ", named.name);
    }
    throw base::UsageError(base::text("unknown scaling '", name, "', choose one of ", choices));
}

std::string scaling_name(Scaling scaling) {
    return std::string(names[static_cast<std::size_t>(scaling)].name);
}

std::span<const Scaling> all_scalings() {
    return scalings;
}

RobustStatistics robust_statistics(std::span<const float> values) {
    std::vector<float> finite;
    finite.reserve(values.size());
    std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](float v) {
        return std::isfinite(v);
    });
    if (finite.empty()) {
        return {};
    }
    const float median = median_of(finite);
    for (float& value : finite) {
        value = std::fabs(value - median);
    }
    // 1 / Phi^-1(3/4): the MAD of a unit Gaussian is 0.6745.
    return {median, 1.4826022F * median_of(finite)};
}

ScaledField scale_field(const image::Image& field, Scaling scaling) {
    switch (scaling) {
        case Scaling::paper:
            return scale_log(field, true);
        case Scaling::fixed:
            return scale_log(field, false);
        case Scaling::asinh_sigma:
            return scale_asinh(field);
    }
    throw base::Error(base::ExitCode::internal, "unknown scaling");
}

}  // namespace faintweb::tile
