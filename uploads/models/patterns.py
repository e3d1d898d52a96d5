"""Regular expressions written by administrators, made safe to run on what agents type.

Python's matcher backtracks and cannot be interrupted, so a pattern is used only if the number of ways to match a
text of the longest accepted length is small. The estimate errs on the side of refusing.
"""

import re
from functools import lru_cache

LONGEST_TEXT = 128
MOST_WAYS = 4_000_000

_TOKEN = re.compile(
    r"(?P<comment>\(\?#[^)]*\))"  # no element: a repeat after it means what stands before it
    r"|(?P<open>\((?:\?(?:P?<[^>=!]*>|P=[^)]*|(?P<flags>[a-zA-Z-]*):|<?[=!]|>))?)"
    r"|(?P<close>\))|(?P<or>\|)"
    r"|(?P<repeat>(?:[*+?]|\{(?=[0-9,])(?P<low>[0-9]*)(?P<comma>,?)(?P<high>[0-9]*)\})[?+]?)"
    r"|(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.)",
    re.DOTALL,
)


class UnusablePattern(ValueError):
    """The pattern is no regular expression, or could take too long on some text."""


@lru_cache(maxsize=64)
def compile_safely(pattern: str) -> re.Pattern[str]:
    """The compiled pattern, to be used with `fullmatch` on at most LONGEST_TEXT characters.

    Raises UnusablePattern with a sentence for the administrator.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnusablePattern(f"Not a regular expression: {error}.") from error
    if compiled.flags & re.VERBOSE or any("x" in (token["flags"] or "") for token in _TOKEN.finditer(pattern)):
        # spaces and comments without meaning would read differently here than in the matcher
        raise UnusablePattern("Write the pattern without the flag x (verbose).")
    if ways(pattern) > MOST_WAYS:
        raise UnusablePattern("The pattern could take very long: use fewer repeats, and none inside another.")
    return compiled


def ways(pattern: str) -> int:
    """An upper estimate of the ways to match a text of LONGEST_TEXT characters (capped just above MOST_WAYS)."""
    frames = [_Frame()]
    for token in _TOKEN.finditer(pattern):
        match token.lastgroup:
            case "comment":
                pass
            case "open":
                frames.append(_Frame())
            case "close" if len(frames) > 1:
                inner = frames.pop().total()
                frames[-1].atom(inner)
            case "or":
                frames[-1].alternative()
            case "repeat":
                frames[-1].repeat(*_bounds(token))
            case _:
                frames[-1].atom(1)
    return frames[0].total()


class _Frame:
    """Ways through one group: finished alternatives, the one being read, and its last element."""

    def __init__(self) -> None:
        self.finished, self.product, self.last = 0, 1, 1

    def atom(self, inner: int) -> None:
        self.product, self.last = _cap(self.product * self.last), inner

    def repeat(self, low: int, high: int) -> None:
        self.last = _cap(self.last**high * (high - low + 1))

    def alternative(self) -> None:
        self.atom(1)
        self.finished, self.product = _cap(self.finished + self.product), 1

    def total(self) -> int:
        return _cap(self.finished + self.product * self.last)


def _bounds(token: re.Match[str]) -> tuple[int, int]:
    sign = token["repeat"][0]
    if sign != "{":
        return {"?": (0, 1), "*": (0, LONGEST_TEXT), "+": (1, LONGEST_TEXT)}[sign]
    low = min(int(token["low"] or 0), LONGEST_TEXT)
    high = int(token["high"] or LONGEST_TEXT) if token["comma"] else low
    return low, max(low, min(high, LONGEST_TEXT))


def _cap(number: int) -> int:
    return min(number, MOST_WAYS + 1)
