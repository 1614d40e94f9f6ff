"""Just enough of C++'s grammar for the checks of tidy.py: what is code, and where functions are."""

import re
from collections.abc import Iterator

NOT_CODE = re.compile(
    r"""
      R"(?P<mark>[^ ()\\\s]{0,16})\((?s:.*?)\)(?P=mark)"   # raw string
    | //(?:\\\n|[^\n])*
    | /\*(?s:.*?)\*/
    | "(?:\\(?s:.)|[^"\\\n])*"
    | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'                  # but no digit separator
    """,
    re.VERBOSE,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
ACCESS = re.compile(r"^\s*(?:(?:public|private|protected)\s*:\s*)+")
ATTRIBUTES = r"(?:\[\[[^\]]*\]\]\s*)*"
SCOPE = re.compile(
    rf"^\s*(?:template\s*<.*>\s*)?(?:requires\b.*)?(?:typedef\s+|static\s+|constexpr\s+)*{ATTRIBUTES}"
    r"(?:inline\s+)?(?:namespace|extern|class|struct|union)\b",
    re.DOTALL,
)
# `Name(…) : member` before a brace: the brace initialises the member, the body comes later.
MEMBER_INITIALISER = re.compile(r"\)[^;]*[^:]:[^:](?:.*[^\w])?(?P<last>\w+|>)\s*$", re.DOTALL)
BEFORE_BODY = {"const", "noexcept", "override", "final", "try", "mutable"}


def blank(pattern: re.Pattern, text: str) -> str:
    """The text with all that matches turned into spaces: lines and columns stay what they were."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def code_of(text: str) -> str:
    """The text without its comments and literals."""
    return blank(NOT_CODE, text)


def functions(text: str) -> Iterator[tuple[int, int]]:
    """The first line of each function, signature included, and how many lines it has.

    Bodies are found by their braces: a block opened at namespace or class scope after a parameter
    list. Blocks inside a body are part of it, lambdas and local classes too.
    """
    code = blank(DIRECTIVE, code_of(text))
    head = 0  # where the declaration that is being read starts
    blocks: list[str] = []  # the kinds of the blocks that are open
    first = 0
    for found in re.finditer(r"[{};]", code):
        at, mark = found.start(), found[0]
        in_scope = not blocks or blocks[-1] == "scope"
        if mark == "{":
            kind = block_kind(code[head:at]) if in_scope else "inner"
            if kind == "function":
                first = line_at(code, start_of(code, head, at))
            blocks.append(kind)
            ends_head = kind == "scope"
        elif mark == "}":
            kind = blocks.pop() if blocks else "inner"
            if kind == "function":
                yield first, line_at(code, at) - first + 1
            ends_head = kind in ("scope", "function")
        else:
            ends_head = in_scope
        if ends_head:
            head = found.end()


def block_kind(head: str) -> str:
    """What a brace opens that stands at namespace or class scope after `head`."""
    head = ACCESS.sub("", head).rstrip()
    if SCOPE.match(head):
        return "scope"
    in_parentheses = head.count("(") != head.count(")")
    if "(" not in head or in_parentheses or head.endswith("="):
        return "value"
    member = MEMBER_INITIALISER.search(head)
    return "value" if member and member["last"] not in BEFORE_BODY else "function"


def start_of(code: str, head: int, end: int) -> int:
    """Where the declaration between two places starts: after access specifiers and blanks."""
    access = ACCESS.match(code[head:end])
    start = head + (access.end() if access else 0)
    return start + len(code[start:end]) - len(code[start:end].lstrip())


def line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
