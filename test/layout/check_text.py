"""Checks the text of all files: python3 check_text.py ROOT

- No path of one machine and no host of a package registry in any file.
- README.md and CONTRIBUTING.md name only files that are there.
"""

import os
import re
import sys

import tree

# Each is split so that this file passes its own check.
NOT_IN_A_FILE = [
    (re.compile(r"(?<![\w.~])/" + r"(?:home|root|Users|work|workspace)/[\w.-]"), "a path of one machine"),
    (re.compile(r"[A-Z]:\\" + r"Users\\"), "a path of one machine"),
    (re.compile(r"\b(?:pypi\." + r"org|pythonhosted\." + r"org|deb\." + r"debian\.org|download\."
                r"pytorch\.org|conda\." + r"anaconda\.org|registry\." + r"npmjs\.org|ghcr\."
                r"io|docker\." + r"io)\b", re.I), "the host of a package registry"),
]
# Campaign outputs and build products that the documents name but git does not hold.
MADE_BY_A_RUN = ("results/", "build/")
CODE_SPAN = re.compile(r"`([^`\n]+)`|\]\(([^)\s#]+)[^)]*\)|src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)
PATH = re.compile(r"(?:\./)?((?:apps|lib|mpi|jobs|config|test|cmake|\.ci|doc|docs)/[\w./-]*[\w-]"
                  r"|(?:README|CONTRIBUTING)\.md|LICENSE|CMakeLists\.txt|CMakePresets\.json)(?![\w*<{])")


def machine_problems(path, text):
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, what in NOT_IN_A_FILE:
            found = pattern.search(line)
            if found:
                problems.append(f"{path}:{number}: {found.group(0)!r} ({what}), write it relative or "
                                "take it from the environment")
    return problems


def named_files(text):
    """The paths of ours that a document names in code and in links."""
    code = " \n ".join(FENCE.findall(text))
    code += "".join(" \n " + "".join(parts) for parts in CODE_SPAN.findall(FENCE.sub("", text)))
    return sorted(set(re.findall(r"(?<![\w/.-])" + PATH.pattern, code)))


def document_problems(path, text, exists):
    return [f"{path}: names {name!r} (no such file), correct the name or remove it"
            for name in named_files(text)
            if not name.startswith(MADE_BY_A_RUN) and not exists(name)]


def main(root):
    problems = []
    n_read = 0
    for path in tree.source_files(root):
        # Data keep the paths that their makers wrote into them.
        if path.startswith("test/data/"):
            continue
        text = tree.read_text(root, path)
        if text is None:
            continue
        n_read += 1
        problems += machine_problems(path, text)
        if path in ("README.md", "CONTRIBUTING.md"):
            problems += document_problems(
                path, text, lambda name: os.path.exists(os.path.join(root, name)))
    if n_read == 0:
        problems.append(f"no text files below {os.path.abspath(root)}")
    return tree.report(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
