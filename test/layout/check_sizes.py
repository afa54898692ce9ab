# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that files, functions and folders stay small and that headers say what they offer:
python3 check_sizes.py [ROOT] [--table]

- No C++ file has more than 600 lines, no function of apps, lib and mpi more than 80, apps no more than 1,500 in all.
- Each class, struct and free function in a header of lib and mpi has a comment (///) above it; functions of one
  name that stand together share theirs.
- The folders within a room (check_includes.py has the rooms) do not include each other in a circle.

With --table it prints the lines of each folder instead; ROOT may be another checkout, to compare with.
"""

import argparse
import os
import re
import sys
from collections import defaultdict

import cpp_outline
import tree
from check_includes import INCLUDE, LAYERS, folder_of

FILE_LINES = 600
FUNCTION_LINES = 80
APPS_LINES = 1500
OURS = ("apps/", "lib/", "mpi/")
CPP = (".h", ".cc", ".cu", ".cuh")

# path: {function: why its computation reads better in one piece}.
LONG_KERNELS = {
}


def count_lines(text):
    return text.count("\n") + (text[-1:] not in ("", "\n"))


def long_functions(items, kernels):
    for item in items:
        if item.kind == "function":
            lines = item.last_line - item.first_line + 1
            if lines > FUNCTION_LINES and item.name not in kernels:
                yield f"function {item.name}", f"{lines} lines, the limit is {FUNCTION_LINES}"


def is_public(item):
    """Whether a reader of the header uses it by its name: no member, no operator, nothing of namespace detail."""
    return (not item.in_class and item.name and "::" not in item.name and "operator" not in item.name
            and "detail" not in item.scope)


def without_comment(text, items):
    lines = text.split("\n")
    previous = None
    for item in items:
        if is_public(item):
            above = lines[item.first_line - 2].strip() if item.first_line > 1 else ""
            shared = previous and previous.name == item.name and previous.last_line == item.first_line - 1
            if not above.startswith("///") and not shared:
                yield f"comment {item.name}", f"line {item.first_line} has no comment (///) above it"
            previous = item


def circles(files):
    """Pairs of folders of one room that include each other, directly or through others."""
    includes = defaultdict(set)
    for path, text in files.items():
        if path.startswith(OURS):
            for bracket, name in INCLUDE.findall(text):
                here, there = os.path.dirname(path), os.path.dirname(name)
                within = folder_of(path) == folder_of(name) and not (here + "/").startswith(there + "/")
                if bracket == '"' and within and not (there + "/").startswith(here + "/"):
                    includes[here].add(there)
    reached = {folder: set(targets) for folder, targets in includes.items()}
    for through in list(reached):
        for targets in reached.values():
            if through in targets:
                targets |= reached[through]
    for folder in sorted(reached):
        if folder in reached[folder]:
            others = sorted(name for name in includes[folder] if folder in reached.get(name, ()))
            yield folder, "circle", f"it and {', '.join(others)} include each other, move what both need below them"


def find_breaches(files, kernels):
    """(path, what, message) of all that is over a limit."""
    apps = 0
    for path, text in files.items():
        lines = count_lines(text)
        apps += lines if path.startswith("apps/") else 0
        if lines > FILE_LINES:
            yield path, "file", f"{lines} lines, the limit is {FILE_LINES}"
        if path.startswith(OURS):
            items = cpp_outline.outline(text)
            yield from ((path, *breach) for breach in long_functions(items, kernels.get(path, {})))
            if path.endswith(".h") and not path.startswith("apps/"):
                yield from ((path, *breach) for breach in without_comment(text, items))
    if apps > APPS_LINES:
        yield "apps", "folder", f"{apps} lines, the limit is {APPS_LINES}"
    yield from circles(files)


def find_problems(files, kernels):
    problems = [f"{path}: {what} ({message})" for path, what, message in find_breaches(files, kernels)]
    for path, functions in kernels.items():
        items = cpp_outline.outline(files.get(path, ""))
        long = {item.name for item in items if item.last_line - item.first_line + 1 > FUNCTION_LINES}
        problems += [f"{path}: {name} is no function above {FUNCTION_LINES} lines, remove it from LONG_KERNELS"
                     for name in functions if name not in long]
    return problems


def room_of(path):
    """The row of the table that a file is counted in."""
    room = folder_of(path) if path.startswith(OURS) else None
    depth = 2 if path.startswith(("lib/", "mpi/", "test/")) else 1
    return room or "/".join(path.split("/")[:-1][:depth])


def print_table(root):
    rows = defaultdict(lambda: [0, 0, 0, 0, 0])
    for path in tree.source_files(root):
        is_cpp = path.endswith(CPP)
        if not (is_cpp or path.endswith((".sh", ".py", ".sbatch", ".cmake", "CMakeLists.txt", ".ci/run"))):
            continue
        text = tree.read_text(root, path) or ""
        code = cpp_outline.bare_text(text) if is_cpp else re.sub(r"^\s*#.*$", "", text, flags=re.M)
        functions = cpp_outline.outline(text) if is_cpp else []
        longest = max((item.last_line - item.first_line + 1 for item in functions if item.kind == "function"), default=0)
        lines = count_lines(text)
        for room in (room_of(path), "all"):
            row = rows[room]
            row[0] += 1
            row[1] += lines
            row[2] += sum(bool(line.strip()) for line in code.split("\n"))
            row[3] = max(row[3], lines)
            row[4] = max(row[4], longest)
    print(f"{'folder':24}{'files':>7}{'lines':>8}{'code':>8}{'longest file':>14}{'longest function':>18}")
    for room in sorted(rows, key=lambda name: (name == "all", name)):
        files, lines, code, longest, function = rows[room]
        print(f"{room or '.':24}{files:7}{lines:8}{code:8}{longest:14}{function:18}")


def read_cpp(root):
    return {path: tree.read_text(root, path) or "" for path in tree.source_files(root) if path.endswith(CPP)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("root", nargs="?", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    arguments.add_argument("--table", action="store_true", help="print the lines of each folder")
    given = arguments.parse_args()
    if given.table:
        print_table(given.root)
        return 0
    files = read_cpp(given.root)
    if not any(path.startswith("lib/") for path in files):
        print(f"no C++ files of ours below {os.path.abspath(given.root)}")
        return 1
    return tree.report(find_problems(files, LONG_KERNELS))


if __name__ == "__main__":
    sys.exit(main())
