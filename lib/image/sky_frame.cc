// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/sky_frame.h"

#include <cmath>

#include "lib/base/units.h"
#include "lib/image/right_ascension.h"

namespace faintweb::image {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

double dot(const Vector& a, const Vector& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vector multiply(const Matrix& m, const Vector& v) {
    return {dot(m[0], v), dot(m[1], v), dot(m[2], v)};
}

Matrix transpose(const Matrix& m) {
    return {
        {{m[0][0], m[1][0], m[2][0]}, {m[0][1], m[1][1], m[2][1]}, {m[0][2], m[1][2], m[2][2]}}};
}

Vector unit_vector(double longitude_deg, double latitude_deg) {
    const double lon = longitude_deg * base::rad_per_deg;
    const double lat = latitude_deg * base::rad_per_deg;
    return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

SkyPosition angles(const Vector& v) {
    return {wrapped_deg(std::atan2(v[1], v[0]) * base::deg_per_rad),
            std::atan2(v[2], std::hypot(v[0], v[1])) * base::deg_per_rad};
}

}  // namespace

SkyFrame SkyFrame::galactic() {
    SkyFrame frame;
    frame.is_identity_ = false;
    frame.to_icrs_ = transpose({{{-0.0548755604162154, -0.8734370902348850, -0.4838350155487132},
                                 {+0.4941094278755837, -0.4448296299600112, +0.7469822444972189},
                                 {-0.8676661490190047, -0.1980763734312015, +0.4559837761750669}}});
    return frame;
}

SkyFrame SkyFrame::fk5(double equinox_yr) {
    const double t = (equinox_yr - 2000) / 100;
    const double arcsec = 1 / base::arcsec_per_rad;
    const double zeta = ((0.017998 * t + 0.30188) * t + 2306.2181) * t * arcsec;
    const double z = ((0.018203 * t + 1.09468) * t + 2306.2181) * t * arcsec;
    const double theta = ((-0.041833 * t - 0.42665) * t + 2004.3109) * t * arcsec;
    const double cos_a = std::cos(zeta);
    const double sin_a = std::sin(zeta);
    const double cos_z = std::cos(z);
    const double sin_z = std::sin(z);
    const double cos_t = std::cos(theta);
    const double sin_t = std::sin(theta);
    SkyFrame frame;
    frame.is_identity_ = false;
    frame.to_icrs_ = transpose({{{cos_a * cos_t * cos_z - sin_a * sin_z,
                                  -sin_a * cos_t * cos_z - cos_a * sin_z, -sin_t * cos_z},
                                 {cos_a * cos_t * sin_z + sin_a * cos_z,
                                  -sin_a * cos_t * sin_z + cos_a * cos_z, -sin_t * sin_z},
                                 {cos_a * sin_t, -sin_a * sin_t, cos_t}}});
    return frame;
}

SkyFrame SkyFrame::fk4_b1950(bool has_e_terms) {
    SkyFrame frame;
    frame.is_identity_ = false;
    frame.to_icrs_ = {{{0.9999256794956877, -0.0111814832204662, -0.0048590038153592},
                       {0.0111814832391717, 0.9999374848933135, -0.0000271625947142},
                       {0.0048590037723143, -0.0000271702937440, 0.9999881946023742}}};
    if (has_e_terms) {
        frame.e_terms_ = {-1.62557e-6, -0.31919e-6, -0.13843e-6};
    }
    return frame;
}

SkyPosition SkyFrame::to_icrs(double longitude_deg, double latitude_deg) const {
    if (is_identity_) {
        return {wrapped_deg(longitude_deg), latitude_deg};
    }
    Vector v = unit_vector(longitude_deg, latitude_deg);
    const double along = dot(e_terms_, v);
    for (std::size_t i = 0; i < 3; ++i) {
        v[i] += along * v[i] - e_terms_[i];
    }
    return angles(multiply(to_icrs_, v));
}

SkyPosition SkyFrame::from_icrs(SkyPosition position) const {
    if (is_identity_) {
        return position;
    }
    // The matrix is a rotation (FK4's to 1e-7 of a radian per radian), so its transpose is its
    // inverse.
    const Vector v = multiply(transpose(to_icrs_), unit_vector(position.ra_deg, position.dec_deg));
    Vector with_terms = v;
    // Fixed-point form of the subtraction in to_icrs(); the terms are 1e-6, so two rounds are
    // exact.
    for (int round = 0; round < 2; ++round) {
        const double along = dot(e_terms_, with_terms);
        for (std::size_t i = 0; i < 3; ++i) {
            with_terms[i] = (v[i] + e_terms_[i]) / (1 + along);
        }
    }
    return angles(with_terms);
}

}  // namespace faintweb::image
