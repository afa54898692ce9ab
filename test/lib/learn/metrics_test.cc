#include "lib/learn/metrics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace faintweb::learn {
namespace {

/// Counts over the paper's 8 test fields of 2500 tiles that SKY.md, section 3, derives from its
/// Table 2 give that table's metrics back.
TEST(Metrics, GiveThePapersTable) {
    const Confusion n_pix_40{.n_1c = 609, .n_1f = 11, .n_0f = 50, .n_0c = 19330};
    EXPECT_EQ(n_pix_40.n_signal() + n_pix_40.n_noise(), 8 * 2500);
    EXPECT_NEAR(n_pix_40.a_s(), 0.9088, 0.001);
    EXPECT_NEAR(n_pix_40.w_s(), 0.9827, 0.001);
    EXPECT_NEAR(n_pix_40.w_v(), 0.9974, 0.0001);
    const Confusion n_pix_9{.n_1c = 775, .n_1f = 23, .n_0f = 83, .n_0c = 19119};
    EXPECT_NEAR(n_pix_9.a_s(), 0.8800, 0.001);
    EXPECT_NEAR(n_pix_9.w_s(), 0.9710, 0.001);
    EXPECT_NEAR(n_pix_9.w_v(), 0.9957, 0.0001);
}

TEST(Metrics, CountEachOutcome) {
    Confusion confusion;
    confusion.add(true, true);
    confusion.add(true, false);
    confusion.add(true, false);
    confusion.add(false, true);
    confusion.add(false, false);
    EXPECT_EQ(confusion, (Confusion{.n_1c = 1, .n_1f = 2, .n_0f = 1, .n_0c = 1}));
    confusion += Confusion{.n_1c = 10, .n_1f = 20, .n_0f = 30, .n_0c = 40};
    EXPECT_EQ(confusion, (Confusion{.n_1c = 11, .n_1f = 22, .n_0f = 31, .n_0c = 41}));
}

TEST(Metrics, AreNanWhereNothingWasTested) {
    EXPECT_TRUE(std::isnan(Confusion{}.a_s()));
    const Confusion no_signal{.n_1c = 0, .n_1f = 0, .n_0f = 3, .n_0c = 7};
    EXPECT_TRUE(std::isnan(no_signal.w_s()));
    EXPECT_EQ(no_signal.a_s(), 0);
    EXPECT_EQ(no_signal.w_v(), 0.7);
    EXPECT_TRUE(std::isnan((Confusion{.n_1c = 1, .n_1f = 0, .n_0f = 0, .n_0c = 0}.w_v())));
}

}  // namespace
}  // namespace faintweb::learn
