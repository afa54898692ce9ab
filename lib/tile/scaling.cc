#include "lib/tile/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/base/contract.h"
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
/// Of the finite values; scalings rise with the flux, so that its extremes become theirs.
struct Range {
    float lowest = std::numeric_limits<float>::infinity();
    float highest = -std::numeric_limits<float>::infinity();
    bool has_any() const { return lowest <= highest; }
};

Range range_of(std::span<const float> values) {
    Range range;
    for (const float value : values) {
        if (std::isfinite(value)) {
            range = {std::min(range.lowest, value), std::max(range.highest, value)};
        }
    }
    return range;
}

/// A field without the margin that surrounds it.
image::Image core_of(const image::Image& field, std::int64_t margin_px) {
    image::Image core = image::make_image(field.rows - 2 * margin_px, field.cols - 2 * margin_px);
    for (std::int64_t row = 0; row < core.rows; ++row) {
        const float* first = field.row(row + margin_px).data() + margin_px;
        std::copy_n(first, core.cols, core.row(row).data());
    }
    return core;
}

ScaledField scale_log(const image::Image& field, bool is_per_field, std::int64_t margin_px) {
    ScaledField scaled{image::make_image(field.rows, field.cols), 0};
    const auto to_log = [](float v) { return std::log10(std::max(v, floor_jy_arcsec2)); };
    float low = std::log10(floor_jy_arcsec2);
    float high = std::log10(ceiling_jy_arcsec2);
    std::vector<float>& out = scaled.pixels.pixels;
    std::transform(field.pixels.begin(), field.pixels.end(), out.begin(), to_log);
    if (is_per_field) {
        const Range range = range_of(core_of(field, margin_px).pixels);
        if (range.has_any()) {
            low = to_log(range.lowest);
            high = to_log(range.highest);
        }
    }
    const float factor = high > low ? 1.0F / (high - low) : 0.0F;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] =
            std::isfinite(field.pixels[i]) ? std::clamp((out[i] - low) * factor, 0.0F, 1.0F) : 0.0F;
    }
    return scaled;
}

ScaledField scale_asinh(const image::Image& field, std::int64_t margin_px) {
    ScaledField scaled{image::make_image(field.rows, field.cols), 0};
    const image::Image core = core_of(field, margin_px);
    const RobustStatistics statistics = robust_statistics(core.pixels);
    // A field of one value has no rms; any finite unit then gives zeros.
    // In double: the rms may be denormal, its inverse beyond float's range.
    const auto rms = static_cast<double>(statistics.rms);
    const auto median = static_cast<double>(statistics.median);
    const double factor = rms > 0 && std::isfinite(rms) ? 1.0 / rms : 1.0;
    const auto to_asinh = [&](float flux) {
        const double in_sigma = (static_cast<double>(flux) - median) * factor;
        // Clamped, so that 1e38 over a tiny rms stays finite.
        return std::asinh(static_cast<float>(std::clamp(in_sigma, -1e30, 1e30)));
    };
    const Range range = range_of(core.pixels);
    const float lowest = range.has_any() ? std::min(0.0F, to_asinh(range.lowest)) : 0.0F;
    std::vector<float>& out = scaled.pixels.pixels;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = std::isfinite(field.pixels[i]) ? to_asinh(field.pixels[i]) : lowest;
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

ScaledField scale_field(const image::Image& field, Scaling scaling, std::int64_t margin_px) {
    FAINTWEB_EXPECTS(field.rows >= 2 * margin_px && field.cols >= 2 * margin_px);
    switch (scaling) {
        case Scaling::paper:
            return scale_log(field, true, margin_px);
        case Scaling::fixed:
            return scale_log(field, false, margin_px);
        case Scaling::asinh_sigma:
            return scale_asinh(field, margin_px);
    }
    throw base::Error(base::ExitCode::internal, "unknown scaling");
}

}  // namespace faintweb::tile
