# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outline of a C++ file: its classes and functions with their lines, for check_sizes.py.

A small parser of the form that clang-format gives our files, not of C++: comments, strings and lines of the
preprocessor are blanked, then braces are counted. What lies inside a function, lambdas included, belongs to it.
"""

import re
from dataclasses import dataclass

LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'', re.S)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
# What may stand before a declaration without changing what it declares.
ATTRIBUTE = re.compile(r"\[\[[^\]]*\]\]|\balignas\s*\([^()]*\)|__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)"
                       r"|\bFAINTWEB_\w+(?:\s*\([^()]*\))?|\b(?:static|inline|constexpr|virtual|explicit|friend|extern)\b")
ANGLES = re.compile(r"<[^<>;{}]*>")
OPERATOR = re.compile(r"\boperator\s*(?:\(\s*\)|\[\s*\]|[^\s\w(]+|[\w:]+)")


@dataclass
class Item:
    """One class or function. `scope` names the namespaces and classes around it, outermost first."""
    kind: str           # "class", "function" (with a body) or "declaration" (a function without one)
    name: str
    scope: tuple
    in_class: bool
    first_line: int     # of the whole declaration, templates and return type included
    last_line: int


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def blank_literal(match):
    """Strings stay tokens, so that what they are arguments of keeps its form."""
    text = match.group(0)
    if text.startswith("/"):
        return blank(match)
    return '"' + re.sub(r"[^\n]", " ", text[1:-1]) + '"'


def bare_text(text):
    """The text without comments, literals and preprocessor; every character keeps its line."""
    return PREPROCESSOR.sub(blank, LITERAL.sub(blank_literal, text))


def without_angles(text):
    text = re.sub(r"<<|>>=|<=>|<=|>=|->", "  ", text) if "template" not in text and "operator" in text else text
    while True:
        shorter = ANGLES.sub(lambda found: " " * len(found.group(0)), text)
        if shorter == text:
            return text
        text = shorter


def top_level(text):
    """The text without what stands in parentheses or brackets: `f(int a) const` gives `f() const`."""
    depth = 0
    kept = []
    for char in text:
        if char in "([":
            depth += 1
            if depth == 1:
                kept.append(char)
            continue
        if char in ")]":
            depth -= 1
        if depth == 0:
            kept.append(char)
    return "".join(kept)


def classify(head):
    """(kind, name) of what a `{` after this head opens, at the level of a namespace or class."""
    plain = ATTRIBUTE.sub(" ", head)
    if re.search(r"\bnamespace\b", plain):
        return "namespace", plain.split("namespace", 1)[1].strip()
    plain = without_angles(OPERATOR.sub(" operator_ ", plain))
    plain = re.sub(r"^\s*template\b", " ", plain)
    plain = re.sub(r"\brequires\s*\((?:[^()]|\([^()]*\))*\)", " ", plain)
    top = top_level(plain)
    found = re.match(r"\s*(class|struct|union|enum)\b(?:\s+(?:class|struct)\b)?\s*([\w:]*)", top)
    if found and "(" not in top.split(":", 1)[0]:
        return "other" if found.group(1) == "enum" else "class", found.group(2)
    if '"' in top and "(" not in top:  # extern "C"
        return "namespace", ""
    if "(" not in top or re.search(r"(?<![=!<>])=(?!=)", top.split("(", 1)[0]):
        return "other", ""
    found = re.search(r"([\w:~]+)\s*\(", top)
    if found and re.fullmatch(r"(TYPED_)?TEST(_F|_P)?", found.group(1)):
        return "function", re.sub(r"\s+", " ", plain.strip())
    # A member that an initialiser list gives a value in braces comes before the body.
    if re.search(r"\)[^:]*(?<!:):(?!:)", top) and re.search(r"[\w>]\s*$", plain):
        return "other", ""
    return "function", found.group(1) if found else ""


def outline(text):
    """All items of a file, in its order."""
    bare = bare_text(text)
    items = []
    scopes = []         # (kind, name, item or None)
    head_start = 0
    inside = 0          # braces open inside a function or initialiser
    parentheses = 0
    line_of = line_numbers(bare)

    def first_line(begin, end):
        skipped = len(bare[begin:end]) - len(bare[begin:end].lstrip())
        return line_of(begin + skipped)

    for found in re.finditer(r"[{};()]|\b(?:public|private|protected)\s*:(?!:)", bare):
        token, at = found.group(0), found.start()
        if inside:
            inside += {"{": 1, "}": -1}.get(token, 0)
            if inside == 0:
                kind, _, item = scopes.pop()
                if item:
                    item.last_line = line_of(at)
                if kind == "function":
                    head_start = at + 1
            continue
        if token in "()":
            parentheses += 1 if token == "(" else -1
        elif token == "{":
            head = bare[head_start:at]
            kind, name = ("other", "") if parentheses else classify(head)
            item = None
            if kind in ("class", "function"):
                item = Item(kind, name, tuple(scope[1] for scope in scopes if scope[1]),
                            any(scope[0] == "class" for scope in scopes), first_line(head_start, at), 0)
                items.append(item)
            scopes.append((kind, name, item))
            if kind in ("function", "other"):
                inside = 1
            else:
                head_start = at + 1
        elif token == "}":
            _, _, item = scopes.pop()
            if item:
                item.last_line = line_of(at)
            head_start = at + 1
        elif token == ";" and not parentheses:
            head = bare[head_start:at]
            kind, name = classify(head) if declares_function(head) else ("other", "")
            if kind == "function":
                items.append(Item("declaration", name, tuple(scope[1] for scope in scopes if scope[1]),
                                  any(scope[0] == "class" for scope in scopes), first_line(head_start, at), line_of(at)))
            head_start = at + 1
        elif token[0] == "p":
            head_start = found.end()
    return items


def declares_function(head):
    """Whether a statement that ends in `;` declares a function: not a variable, alias, friend or macro."""
    if re.match(r"\s*(?:using|typedef|static_assert|friend|extern template|template\s+(?!<))", head):
        return False
    plain = top_level(re.sub(r"^\s*template\b", " ", without_angles(OPERATOR.sub(" operator_ ", ATTRIBUTE.sub(" ", head)))))
    # A type, a name, parentheses.
    return bool(re.match(r"\s*[\w:\s&*]+[\s&*]\w+\s*\(\)[^=]*$", plain)) or bool(
        re.match(r"\s*[\w:\s&*]+[\s&*]\w+\s*\(\)\s*=\s*(?:delete|default)\s*$", plain))


def line_numbers(text):
    starts = [0] + [found.end() for found in re.finditer("\n", text)]

    def line_of(position):
        low, high = 0, len(starts)
        while high - low > 1:
            middle = (low + high) // 2
            if starts[middle] <= position:
                low = middle
            else:
                high = middle
        return low + 1

    return line_of
