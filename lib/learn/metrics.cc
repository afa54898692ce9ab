#include "lib/learn/metrics.h"

#include <limits>

namespace faintweb::learn {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void Confusion::add(bool is_signal, bool is_detected) {
    if (is_signal) {
        ++(is_detected ? n_1c : n_1f);
    } else {
        ++(is_detected ? n_0f : n_0c);
    }
}

Confusion& Confusion::operator+=(const Confusion& other) {
    n_1c += other.n_1c;
    n_1f += other.n_1f;
    n_0f += other.n_0f;
    n_0c += other.n_0c;
    return *this;
}

double Confusion::a_s() const {
    return ratio(n_1c, n_signal() + n_0f);
}
double Confusion::w_s() const {
    return ratio(n_1c, n_signal());
}
double Confusion::w_v() const {
    return ratio(n_0c, n_noise());
}

}  // namespace faintweb::learn
