# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that every source file, script and CMake file names its owner and licence at its top, in the two lines of the
REUSE specification: python3 check_spdx.py ROOT [--fix]

With --fix it writes the lines where they are missing.
"""

import os
import sys

import tree

# Each is split so that this file holds them only once, at its top.
TAGS = ("SPDX-" + "FileCopyrightText: The faintweb developers", "SPDX-" + "License-Identifier: GPL-3.0-or-later")
SLASHES = (".h", ".cc", ".cu", ".cuh", ".h.in")
HASHES = (".py", ".sh", ".sbatch", ".cmake", "/CMakeLists.txt", "/.ci/run")


def needs_tags(path):
    return not path.startswith("test/data/") and ("/" + path).endswith(SLASHES + HASHES)


def expected(path):
    mark = "// " if path.endswith(SLASHES) else "# "
    return [mark + tag for tag in TAGS]


def split_first_line(text):
    """The line that names a script's interpreter, and the rest."""
    if not text.startswith("#!"):
        return "", text
    first, _, rest = text.partition("\n")
    return first + "\n", rest


def is_tagged(path, text):
    return split_first_line(text)[1].split("\n")[:2] == expected(path)


def tagged(path, text):
    first, rest = split_first_line(text)
    return first + "\n".join(expected(path)) + "\n\n" + rest


def main(root, fix):
    problems = []
    n_files = 0
    for path in filter(needs_tags, tree.source_files(root)):
        text = tree.read_text(root, path) or ""
        n_files += 1
        if is_tagged(path, text):
            continue
        if fix:
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(tagged(path, text))
        else:
            problems.append(f"{path}: the SPDX lines are missing, run: python3 test/layout/check_spdx.py . --fix")
    if n_files == 0:
        problems.append(f"no files of ours below {os.path.abspath(root)}")
    return tree.report(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--fix" in sys.argv[2:]))
