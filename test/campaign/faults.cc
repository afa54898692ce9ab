// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

/// Makes system calls of a program fail, for tests: a library for LD_PRELOAD.
///
/// FAINTWEB_FAULT is RULE[;RULE...]; a rule is looked at once the one before it has been met.
/// RULE is CALL:PATH_PART:NTH:ACTION[:RANK], "write:/journal:5:kill:0" for example.
///   CALL       open, write, flush, rename, close or lock; CALL@worker counts calls of other
///   threads than
///              the main one only.
///   PATH_PART  a call counts if the path of its file contains this; PATH_PART$, if it ends so.
///   NTH        the call that meets the rule, from 1; NTH+ is that one and all later ones.
///   ACTION     pass (nothing), kill (SIGKILL to itself), crash (SIGSEGV), hang (for ever), stop
///              (SIGSTOP to itself, the call follows), eio, enospc, edquot, or an error number (the
///              call fails so), torn (half of the bytes are written, then SIGKILL) or lost (they
///              are said to be written).
///   RANK       the rule is one of this rank only; a process without mpirun is rank 0.
/// Each call that meets a rule is said on standard error: "fault: CALL PATH ACTION".

// The inline functions that it brings would stand in for the ones below.
#undef _FORTIFY_SOURCE

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

using std::string_view_literals::operator""sv;

constexpr std::array call_names{"open"sv, "write"sv, "flush"sv, "rename"sv, "close"sv, "lock"sv};
constexpr std::array action_names{"pass"sv, "kill"sv,   "crash"sv,  "hang"sv, "stop"sv,
                                  "eio"sv,  "enospc"sv, "edquot"sv, "torn"sv, "lost"sv};

struct Rule {
    std::string_view call;
    bool is_for_workers = false;
    std::string_view path_part;
    bool is_path_end = false;
    int nth = 0;
    bool is_for_later_ones = false;
    std::string_view action;
    std::string_view rank;
    std::atomic<int> n_calls = 0;
};

std::array<Rule, 4> rules;
/// Stays 0, so that nothing happens, until the rules have been read.
std::size_t n_rules = 0;
std::atomic<std::size_t> n_rules_met = 0;

/// What the caller is to do, where it is no error number.
constexpr int go_on = 0;
constexpr int tear = -1;
constexpr int lose = -2;

[[noreturn]] void wait_for_ever() {
    for (;;) {
        pause();
    }
}

[[noreturn]] void die() {
    kill(getpid(), SIGKILL);
    wait_for_ever();
}

/// An error number as it is written, else 0.
int number_of(std::string_view action) {
    int number = 0;
    const char* const end = action.data() + action.size();
    return std::from_chars(action.data(), end, number).ptr == end ? number : 0;
}

/// Cuts off what is in front of the next separator.
std::string_view take(std::string_view& text, char separator) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

bool read_rule(std::string_view text, Rule& rule) {
    rule.call = take(text, ':');
    constexpr std::string_view of_workers = "@worker";
    if (rule.call.ends_with(of_workers)) {
        rule.is_for_workers = true;
        rule.call.remove_suffix(of_workers.size());
    }
    rule.path_part = take(text, ':');
    if (rule.path_part.ends_with('$')) {
        rule.is_path_end = true;
        rule.path_part.remove_suffix(1);
    }
    std::string_view nth = take(text, ':');
    if (nth.ends_with('+')) {
        rule.is_for_later_ones = true;
        nth.remove_suffix(1);
    }
    rule.action = take(text, ':');
    rule.rank = text;
    const auto number = std::from_chars(nth.data(), nth.data() + nth.size(), rule.nth);
    return number.ec == std::errc() && number.ptr == nth.data() + nth.size() && rule.nth > 0 &&
           std::ranges::count(call_names, rule.call) == 1 &&
           (std::ranges::count(action_names, rule.action) == 1 || number_of(rule.action) > 0);
}

__attribute__((constructor)) void read_rules() {
    const char* setting = std::getenv("FAINTWEB_FAULT");
    if (setting == nullptr) {
        return;
    }
    const char* own_rank = std::getenv("OMPI_COMM_WORLD_RANK");
    std::size_t n_read = 0;
    for (std::string_view text = setting; !text.empty(); ++n_read) {
        if (n_read == rules.size() || !read_rule(take(text, ';'), rules[n_read])) {
            dprintf(STDERR_FILENO, "FAINTWEB_FAULT=%s is no list of rules\n", setting);
            _exit(2);
        }
        const std::string_view rank = rules[n_read].rank;
        if (!rank.empty() && rank != (own_rank != nullptr ? own_rank : "0")) {
            return;
        }
    }
    n_rules = n_read;
}

/// The rule that is looked at now, if it is one of such calls.
Rule* rule_of(std::string_view call) {
    const std::size_t number = n_rules_met;
    if (number >= n_rules || rules[number].call != call ||
        (rules[number].is_for_workers && gettid() == getpid())) {
        return nullptr;
    }
    return &rules[number];
}

bool is_meant(const Rule& rule, std::string_view path) {
    return rule.is_path_end ? path.ends_with(rule.path_part)
                            : path.find(rule.path_part) != std::string_view::npos;
}

/// Counts a call and does what the rule says.
int outcome_of(Rule* rule, std::string_view path) {
    if (rule == nullptr || !is_meant(*rule, path)) {
        return go_on;
    }
    const int n_calls = ++rule->n_calls;
    if (n_calls < rule->nth || (n_calls > rule->nth && !rule->is_for_later_ones)) {
        return go_on;
    }
    dprintf(STDERR_FILENO, "fault: %.*s %.*s %.*s\n", static_cast<int>(rule->call.size()),
            rule->call.data(), static_cast<int>(path.size()), path.data(),
            static_cast<int>(rule->action.size()), rule->action.data());
    if (!rule->is_for_later_ones) {
        ++n_rules_met;
    }
    if (rule->action == "kill") {
        die();
    } else if (rule->action == "crash") {
        raise(SIGSEGV);
    } else if (rule->action == "hang") {
        wait_for_ever();
    } else if (rule->action == "stop") {
        kill(getpid(), SIGSTOP);
    } else if (rule->action == "eio") {
        return EIO;
    } else if (rule->action == "enospc") {
        return ENOSPC;
    } else if (rule->action == "edquot") {
        return EDQUOT;
    } else if (rule->action == "torn") {
        return tear;
    } else if (rule->action == "lost") {
        return lose;
    }
    return number_of(rule->action);
}

/// The same for a call on a descriptor.
int outcome_of(std::string_view call, int file) {
    Rule* rule = rule_of(call);
    if (rule == nullptr) {
        return go_on;
    }
    std::array<char, 32> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
    std::array<char, PATH_MAX> path;
    const ssize_t n = readlink(link.data(), path.data(), path.size());
    return n < 0 ? go_on : outcome_of(rule, {path.data(), static_cast<std::size_t>(n)});
}

int failed(int error) {
    errno = error;
    return -1;
}

int open_file(int folder, const char* path, int flags, mode_t mode) {
    const int outcome = outcome_of(rule_of("open"), path);
    return outcome > 0 ? failed(outcome)
                       : static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
}

/// @param write  writes a number of bytes.
template <typename Write>
ssize_t write_bytes(int file, std::size_t n_bytes, const Write& write) {
    const int outcome = outcome_of("write", file);
    if (outcome > 0) {
        return failed(outcome);
    }
    if (outcome == tear) {
        write(n_bytes / 2);
        die();
    }
    return outcome == lose ? static_cast<ssize_t>(n_bytes) : write(n_bytes);
}

/// @param write  writes some of the parts. A torn write is half of the first one.
template <typename Write>
ssize_t write_parts(int file, const iovec* parts, int n_parts, const Write& write) {
    const int outcome = outcome_of("write", file);
    if (outcome > 0) {
        return failed(outcome);
    }
    if (outcome == tear) {
        const iovec half{parts->iov_base, parts->iov_len / 2};
        write(&half, 1);
        die();
    }
    if (outcome == lose) {
        std::size_t n_bytes = 0;
        for (int i = 0; i < n_parts; ++i) {
            n_bytes += parts[i].iov_len;
        }
        return static_cast<ssize_t>(n_bytes);
    }
    return write(parts, n_parts);
}

int flush_file(long number, int file) {
    const int outcome = outcome_of("flush", file);
    return outcome > 0 ? failed(outcome) : static_cast<int>(syscall(number, file));
}

int lock_file(int file, int command, void* argument) {
    const bool is_lock = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
                         command == F_OFD_SETLKW;
    const int outcome = is_lock ? outcome_of("lock", file) : go_on;
    return outcome > 0 ? failed(outcome)
                       : static_cast<int>(syscall(SYS_fcntl, file, command, argument));
}

int rename_file(
    int old_folder, const char* old_path, int folder, const char* path, unsigned flags) {
    Rule* rule = rule_of("rename");
    const bool is_by_old_name = rule != nullptr && is_meant(*rule, old_path);
    const int outcome = outcome_of(rule, is_by_old_name ? old_path : path);
    return outcome > 0 ? failed(outcome)
                       : static_cast<int>(
                             syscall(SYS_renameat2, old_folder, old_path, folder, path, flags));
}

}  // namespace

// What takes the place of the C library's functions. On 64-bit systems those with 64 in their name
// are the same ones; __open_2 and the like are what checked builds call where no file may be made.
extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    // Garbage where there is no such argument, and then not looked at.
    const mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return open_file(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));

int openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return open_file(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) __attribute__((alias("openat")));

int __open_2(const char* path, int flags) {
    return open_file(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char* path, int flags) __attribute__((alias("__open_2")));

int __openat_2(int folder, const char* path, int flags) {
    return open_file(folder, path, flags, 0);
}
int __openat64_2(int folder, const char* path, int flags) __attribute__((alias("__openat_2")));

int creat(const char* path, mode_t mode) {
    return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char* path, mode_t mode) __attribute__((alias("creat")));

FILE* fopen(const char* path, const char* mode) {
    const int outcome = outcome_of(rule_of("open"), path);
    if (outcome > 0) {
        errno = outcome;
        return nullptr;
    }
    using Open = FILE* (*)(const char*, const char*);
    return reinterpret_cast<Open>(dlsym(RTLD_NEXT, "fopen"))(path, mode);
}
FILE* fopen64(const char* path, const char* mode) __attribute__((alias("fopen")));

ssize_t write(int file, const void* bytes, std::size_t n_bytes) {
    return write_bytes(file, n_bytes,
                       [&](std::size_t n) { return syscall(SYS_write, file, bytes, n); });
}

ssize_t pwrite(int file, const void* bytes, std::size_t n_bytes, off_t offset) {
    return write_bytes(file, n_bytes, [&](std::size_t n) {
        return syscall(SYS_pwrite64, file, bytes, n, offset);
    });
}
ssize_t pwrite64(int file, const void* bytes, std::size_t n_bytes, off_t offset)
    __attribute__((alias("pwrite")));

ssize_t writev(int file, const iovec* parts, int n_parts) {
    return write_parts(file, parts, n_parts, [&](const iovec* some, int n) {
        return syscall(SYS_writev, file, some, n);
    });
}

ssize_t pwritev(int file, const iovec* parts, int n_parts, off_t offset) {
    // The last argument is the upper half of the offset for systems of 32 bits.
    return write_parts(file, parts, n_parts, [&](const iovec* some, int n) {
        return syscall(SYS_pwritev, file, some, n, offset, 0L);
    });
}
ssize_t pwritev64(int file, const iovec* parts, int n_parts, off_t offset)
    __attribute__((alias("pwritev")));

int fsync(int file) {
    return flush_file(SYS_fsync, file);
}

int fdatasync(int file) {
    return flush_file(SYS_fdatasync, file);
}

int flock(int file, int operation) {
    const int outcome = outcome_of("lock", file);
    return outcome > 0 ? failed(outcome) : static_cast<int>(syscall(SYS_flock, file, operation));
}

int fcntl(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    return lock_file(file, command, argument);
}
int fcntl64(int file, int command, ...) __attribute__((alias("fcntl")));

int rename(const char* old_path, const char* path) noexcept {
    return rename_file(AT_FDCWD, old_path, AT_FDCWD, path, 0);
}

int renameat(int old_folder, const char* old_path, int folder, const char* path) noexcept {
    return rename_file(old_folder, old_path, folder, path, 0);
}

int renameat2(
    int old_folder, const char* old_path, int folder, const char* path, unsigned flags) noexcept {
    return rename_file(old_folder, old_path, folder, path, flags);
}

int close(int file) {
    const int outcome = outcome_of("close", file);
    // A file is closed even where that fails.
    const auto result = static_cast<int>(syscall(SYS_close, file));
    return outcome > 0 ? failed(outcome) : result;
}

}  // extern "C"
