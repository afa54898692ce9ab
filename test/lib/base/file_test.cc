#include "lib/base/file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

std::string read(const std::string& path) {
    std::ifstream stream(path);
    return (std::ostringstream() << stream.rdbuf()).str();
}

TEST(File, IsWholeAndLeavesNothingBeside) {
    const std::string folder = testing::TempDir() + "file_test/a/b";
    std::filesystem::remove_all(testing::TempDir() + "file_test");
    make_folder(folder);
    make_folder(folder);
    write_file(folder + "/x", "first");
    write_file(folder + "/x", "second");
    EXPECT_EQ(read(folder + "/x"), "second");
    EXPECT_FALSE(std::filesystem::exists(folder + "/x.partial"));
}

TEST(File, NamesThePathThatCannotBeOpened) {
    try {
        write_file("/nowhere/at/all", "text");
        FAIL();
    } catch (const InputError& error) {
        EXPECT_STREQ(error.what(),
                     "cannot open /nowhere/at/all.partial: No such file or directory");
    }
}

TEST(File, FullDiskIsADiskError) {
    // Every write to /dev/full fails with ENOSPC; the error must be resumable (74), not an input's.
    EXPECT_THROW(throw_errno("cannot write x", ENOSPC), DiskError);
    EXPECT_THROW(throw_errno("cannot write x", ENOENT), InputError);
}

TEST(File, FolderThatIsAFileIsRefused) {
    const std::string path = testing::TempDir() + "file_test_plain";
    write_file(path, "");
    EXPECT_THROW(make_folder(path + "/below"), UsageError);
}

}  // namespace
}  // namespace faintweb::base
