# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks who may include whom: python3 check_includes.py ROOT

- Includes of ours point down the list of layers, and start at the root of the sources.
- Each third-party library has the folders that may include it.
- Debian's fmt and LibTorch, which brings another fmt, never meet in one translation unit.
- A header that includes one of the confined libraries, directly or through others, is an inner header
  of its folder: nobody outside includes it but what times it (test/bench).
- Only lib/base prints.
"""

import os
import re
import sys

import tree

# From the bottom to the top.
LAYERS = ["lib/base", "lib/image", "lib/sky/cosmology", "lib/sky", "lib/sky/box", "lib/sky/shock",
          "lib/sky/lightcone", "lib/sky/observe", "lib/tile", "lib/label", "lib/score", "lib/learn",
          "lib/infer", "lib/source", "lib/catalogue", "lib/report", "lib/campaign", "mpi/comm", "mpi/io",
          "mpi/pipeline", "apps"]

# Headers of a library -> the folders that may include them. What is not listed (the C++ and C
# libraries, POSIX) is free.
LIBRARIES = [
    (r"(torch|ATen|c10)/.*", ["lib/learn", "lib/infer"]),
    (r"cuda(_\w+)?\.h|cub/.*|thrust/.*", ["lib/learn", "lib/infer", "mpi/comm"]),
    (r"yaml-cpp/.*", ["lib/campaign"]),
    (r"(mpi|nccl)\.h", ["mpi/comm"]),
    (r"(hdf5|hdf5_hl|H5[A-Z][A-Za-z]*)\.h", ["mpi/io"]),
    (r"spdlog/.*", ["lib/base"]),
    (r"fmt/.*", [layer for layer in LAYERS if layer not in ("lib/learn", "lib/infer")]),
    (r"openssl/.*", ["lib/base"]),
    (r"xxhash\.h", ["lib/base"]),
    (r"zlib\.h", ["lib/base", "lib/image", "mpi/io"]),
    (r"(cfitsio/)?fitsio2?\.h|(cfitsio/)?longnam\.h", ["lib/image", "lib/catalogue"]),
    (r"wcslib/.*", ["lib/image"]),
    (r"fftw3\.h", ["lib/sky"]),
    (r"gsl/.*", ["lib/sky"]),
    (r"(cairo/)?cairo(-[a-z]+)?\.h", ["lib/report"]),
    (r"CLI/.*", ["apps"]),
    (r"(gtest|gmock)/.*", []),
    (r"benchmark/.*", []),
]
# Costly, or at odds with each other: headers that other folders see must be free of them.
CONFINED = re.compile(r"(torch|ATen|c10|yaml-cpp|spdlog|fmt)/.*|(mpi|nccl|hdf5|H5[A-Z][A-Za-z]*)\.h")

# Those that may share headers with LibTorch in them.
TORCH = set(LIBRARIES[0][1])
TORCH_HEADER = re.compile(LIBRARIES[0][0])
FMT_HEADER = re.compile(r"(spdlog|fmt)/.*")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'', re.S)
PRINTS = re.compile(
    r"\bstd::(cout|cerr|clog)\b|(?<![\w.>:])(?:std::)?(?:v?printf|puts|putchar|perror)\s*\("
    r"|\b(?:std::)?(?:v?fprintf|fputs|fputc|fwrite)\s*\([^;]*\b(?:stdout|stderr)\b")


def folder_of(path):
    """The layer that a file belongs to; a test has the layer of the folder that it mirrors; None for
    what may include anything (whole-run tests)."""
    path = path.removeprefix("test/")
    return max((layer for layer in LAYERS if path.startswith(layer + "/")), key=len, default=None)


def is_within(room, folders):
    return any(f"{room}/".startswith(folder + "/") for folder in folders)


def including(pattern, includes):
    """The files that include a library's header, directly or through others of ours."""
    found = {path for path in includes if any(quote == "<" and pattern.fullmatch(name) for quote, name in includes[path])}
    size = -1
    while size != len(found):
        size = len(found)
        found |= {path for path in includes if any(quote == '"' and name in found for quote, name in includes[path])}
    return found


def find_problems(files):
    """files: {path: text} of every C++ file -> one line per broken rule."""
    problems = []
    includes = {path: INCLUDE.findall(text) for path, text in files.items()}

    inner = including(CONFINED, includes)
    two_fmts = including(TORCH_HEADER, includes) & including(FMT_HEADER, includes)

    for path, text in sorted(files.items()):
        is_test = path.startswith("test/")
        own = folder_of(path)
        if not is_test and own is None:
            problems.append(f"{path}: is in no room of the list of layers, move it or add its folder to LAYERS")
        if path.endswith(".h") and "#pragma once" not in text:
            problems.append(f"{path}: a header without #pragma once (it is read twice), add the line")
        if path in two_fmts:
            problems.append(f"{path}: includes fmt and LibTorch (whose own fmt is another), use base::text")
        for quote, name in includes[path]:
            if quote == "<":
                for pattern, folders in LIBRARIES:
                    if re.fullmatch(pattern, name) and not is_test and not is_within(own, folders):
                        where = " or ".join(folders) or "a test"
                        problems.append(f"{path}: includes <{name}> (it belongs in {where}), move the code")
                    elif re.fullmatch(pattern, name) and is_test and folders and own and not is_within(own, folders):
                        problems.append(f"{path}: includes <{name}> (it belongs in {' or '.join(folders)} "
                                        "and their tests), move the code")
                if name.startswith(("lib/", "mpi/", "apps/", "test/")):
                    problems.append(f'{path}: includes <{name}> (it is ours), write "{name}"')
                continue
            target = folder_of(name)
            if name.startswith("test/") and not is_test:
                problems.append(f'{path}: includes "{name}" (a test), move what is shared into lib')
            elif name not in files and name + ".in" not in files:
                problems.append(f'{path}: includes "{name}" (no such file below the root), '
                                "write the path from the root; <> for a library")
            elif own and target and LAYERS.index(target) > LAYERS.index(own):
                problems.append(f'{path}: includes "{name}" (upwards: {own} is below {target}), '
                                "pass what is needed as an argument")
            elif (name in inner and name.endswith(".h") and target != own and not {target, own} <= TORCH
                  and not path.startswith("test/bench/")):
                problems.append(f'{path}: includes "{name}" (an inner header of {target}: it needs a '
                                "library that is confined there), use a header without it")
        if not is_test and own != "lib/base":
            bare = COMMENT_OR_STRING.sub('""', text)
            for match in PRINTS.finditer(bare):
                line = bare.count("\n", 0, match.start()) + 1
                problems.append(f"{path}: prints by itself near line {line} ({match.group(0)[:30]!r}), "
                                "use lib/base/log.h")
    return problems


def main(root):
    names = [path for path in tree.source_files(root)
             if path.endswith((".h", ".cc", ".cu", ".cuh", ".h.in"))]
    files = {path: tree.read_text(root, path) or "" for path in names}
    if not any(path.startswith("lib/") for path in files):
        print(f"no C++ files of ours below {os.path.abspath(root)}")
        return 1
    return tree.report(find_problems(files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
