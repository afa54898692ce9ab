// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "test/mpi/mpi_test_main.h"

#include <gtest/gtest.h>

#include "lib/base/log.h"
#include "mpi/comm/session.h"

namespace faintweb::test {
namespace {

comm::Communicator& stored_world() {
    static comm::Communicator communicator;
    return communicator;
}

}  // namespace

const comm::Communicator& world() {
    return stored_world();
}

}  // namespace faintweb::test

/// The verdict is the worst of all ranks, and a program that ran no test has failed.
int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    faintweb::comm::Session session(argc, argv);
    return session.run([](faintweb::comm::Communicator& communicator) {
        faintweb::test::stored_world() = communicator;
        if (!communicator.is_root()) {
            auto& listeners = testing::UnitTest::GetInstance()->listeners();
            delete listeners.Release(listeners.default_result_printer());
        }
        const int verdict = RUN_ALL_TESTS();
        const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
        for (int i = 0; i < tests.total_test_suite_count() && !communicator.is_root(); ++i) {
            const testing::TestSuite& suite = *tests.GetTestSuite(i);
            for (int j = 0; j < suite.total_test_count(); ++j) {
                const testing::TestResult& result = *suite.GetTestInfo(j)->result();
                for (int k = 0; k < result.total_part_count(); ++k) {
                    const testing::TestPartResult& part = result.GetTestPartResult(k);
                    if (part.failed()) {
                        faintweb::base::log_error(std::string(suite.name()) + "." +
                                                  suite.GetTestInfo(j)->name() + ": " +
                                                  part.summary());
                    }
                }
            }
        }
        const bool has_run = tests.test_to_run_count() > 0;
        return has_run ? verdict : 1;
    });
}
