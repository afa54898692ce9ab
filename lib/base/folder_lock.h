#pragma once

#include <string>

#include "lib/base/file.h"

namespace faintweb::base {

/// Keeps a folder to one run at a time while it lives, through the file `.lock` in it, which names
/// host and process. What a dead process of this host, or an earlier start of this Slurm job, has
/// left behind is taken over.
class FolderLock {
  public:
    /// @throws UsageError  if another run holds the folder, or one of another host may; names it.
    explicit FolderLock(const std::string& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    std::string path_;
    Descriptor file_;
};

}  // namespace faintweb::base
