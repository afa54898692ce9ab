#include "lib/learn/metrics.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "lib/base/contract.h"

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

Confusion count_outcomes(std::span<const float> scores,
                         std::span<const std::uint8_t> labels,
                         double threshold) {
    FAINTWEB_EXPECTS(scores.size() == labels.size());
    Confusion confusion;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        confusion.add(labels[i] == 1, static_cast<double>(scores[i]) > threshold);
    }
    return confusion;
}

BestThreshold best_threshold(std::span<const float> scores, std::span<const std::uint8_t> labels) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return scores[a] > scores[b];
    });
    BestThreshold best{0.5, count_outcomes(scores, labels, 0.5)};
    if (best.confusion.n_signal() == 0) {
        return best;
    }
    double best_a_s = -1;
    Confusion confusion = count_outcomes(scores, labels, 1);  // nothing is detected
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool is_signal = labels[order[i]] == 1;
        --(is_signal ? confusion.n_1f : confusion.n_0c);
        confusion.add(is_signal, true);
        const auto score = static_cast<double>(scores[order[i]]);
        const double next = i + 1 < order.size() ? static_cast<double>(scores[order[i + 1]]) : 0.0;
        if (next < score && confusion.a_s() > best_a_s) {
            best_a_s = confusion.a_s();
            best = {(score + next) / 2, confusion};
        }
    }
    return best;
}

}  // namespace faintweb::learn
