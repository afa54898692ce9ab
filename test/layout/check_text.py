# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the text of all files: python3 check_text.py ROOT

- No path of one machine and no host of a package registry in any file.
- A Markdown file that any text names is there, from the root or from the text's own folder.
- Every Markdown file but CHANGELOG.md names only files that are there, in code and links.
- Links of a Markdown file to files and headings of ours lead somewhere.
"""

import os
import posixpath
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
MARKDOWN_MADE_BY_A_RUN = ("table2.md",)
CODE_SPAN = re.compile(r"`([^`\n]+)`|\]\(([^)\s#]+)[^)]*\)|src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)
PATH = re.compile(r"(?:\./)?((?:apps|lib|mpi|jobs|config|test|cmake|\.ci|doc|docs)/[\w./-]*[\w-]"
                  r"|(?:README|CONTRIBUTING)\.md|LICENSE|CMakeLists\.txt|CMakePresets\.json)(?![\w*<{])")
MARKDOWN_NAME = re.compile(r"(?<![\w*/.{}$-])(?:\.{1,2}/)*(?:[\w-]+/)*[\w-]+\.md\b")
LINK = re.compile(r"\]\((?!\w+:)([^)\s#]*)(?:#([^)\s]+))?[^)]*\)")
HEADING = re.compile(r"^#+ +(.*)$", re.M)


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


def markdown_name_problems(path, text, exists):
    """Markdown files that a text names and that are neither there from the root nor from its folder."""
    folder = posixpath.dirname(path)
    return [f"{path}: names {name!r} (no such file), correct the name or remove it"
            for name in sorted(set(MARKDOWN_NAME.findall(text)))
            if posixpath.basename(name) not in MARKDOWN_MADE_BY_A_RUN
            and not exists(posixpath.normpath(name))
            and not exists(posixpath.normpath(posixpath.join(folder, name)))]


def anchors(text):
    """What a link to a heading may say after the #, as GitHub and GitLab make it."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in HEADING.findall(FENCE.sub("", text))}


def link_problems(path, text, read):
    """Links to files and headings that are not there; read gives a file's text, None if there is none,
    and "" for a folder or what is no text."""
    problems = []
    for name, anchor in LINK.findall(FENCE.sub("", text)):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) if name else path
        content = read(target)
        if content is None:
            problems.append(f"{path}: links to {name!r} (no such file), correct the link")
        elif anchor and anchor not in anchors(content):
            problems.append(f"{path}: links to {name + '#' + anchor!r} (no such heading), correct the link")
    return problems


def main(root):
    def exists(name):
        return os.path.exists(os.path.join(root, name))

    def read(name):
        if not exists(name):
            return None
        return "" if os.path.isdir(os.path.join(root, name)) else tree.read_text(root, name) or ""

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
        problems += markdown_name_problems(path, text, exists)
        if path.endswith(".md"):
            problems += link_problems(path, text, read)
            # What has changed names files of former versions.
            if path != "CHANGELOG.md":
                problems += document_problems(path, text, exists)
    if n_read == 0:
        problems.append(f"no text files below {os.path.abspath(root)}")
    return tree.report(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
