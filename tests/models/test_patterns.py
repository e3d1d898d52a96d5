"""Patterns of administrators: refused if some text could keep the matcher busy, however the danger is dressed up."""

import pytest

from uploads.models.patterns import UnusablePattern, compile_safely

SLOW = [
    "(a+)+b",
    "(?:a*)*b",
    "(a|a)*b",
    "(a|ab|b)*c",
    "((a{1,9}){1,9}){1,9}b",
    "a*a*a*a*b",
    # between the repeat and what it repeats: a comment, which is no element
    "(a+)(?#)+b",
    "(a+)(?#one)(?#two)*b",
    "(?:a|a)(?#){40}b",
    # braces that are text, not a repeat
    "(a+)+{}",
    "((a+){}b*)+",
    # another way to write a repeat
    "(a{1,})+b",
    "(a{,})+b",
    "(a{0,99}){2,}b",
    "(a+?)+?b",
    "(?P<n>a+)+b",
    "(?i:a+)+b",
    "(?i)(a+)+b",
    "(?s-i:a+)+b",
    # inside what looks around, remembers, or decides
    "(?=(a+)+b)a*",
    "(?!(a+)+b)a*",
    "(?>(a+)+b)",
    "((a+)+b)?+",
    "(x)?(?(1)(a+)+b|(a|a)*b)",
    "(x)?(?(1)a|a)*b",
    r"(a*)\1*(\1a*)*b",
    # characters that only look like the end of something
    r"[]](a+)+b",
    r"[^]](a+)+b",
    r"[\]](a+)+b",
    r"[(](a+)+b",
    r"\((a+)+b",
    r"\[(a+)+b",
    "[(?#](a+)+b",
    r"\N{DIGIT ONE}(a+)+b",
    "(é+)+b",
    "(?u:é+)+b",
    "(a+\n)+b",
]
VERBOSE = [
    "(?x)(a+) +b",
    "(?x)#[\n(a+)+$#]",
    "(?x:(a+) +b)",
    "(?ix)(a+) +b",
    "(?ix-s:(a+) +b)",
    "(?#c)(?x)(a+) +b",
    "(?:(?x:#[\n(a+)+b#]\n))",
    "(?x)a",
]
BROKEN = ["(", "a**", "[a", "(?P<n>a)(?P<n>b)", "(?<=a+)b", r"\1", "a{3,1}", "(?(1)a)", "(?i", "a(?x)b", "(?#"]
USABLE = {
    r"[0-9]{4}[A-Z]{2}": ("1012AB", "1012 AB"),
    r"\d{3,8}": ("1143", "x"),
    r"[A-Z]{2}-?[0-9]+": ("NL-12", "12"),
    r"(?i)cg[0-9a-f]{8}": ("CGdeadbeef", "cg1"),
    r"(?:NL|BE|DE)[0-9]{9}": ("BE012345678", "FR012345678"),
    r"(?!0)[0-9]+": ("10", "01"),
    r"(?P<a>[0-9])-(?P=a)": ("1-1", "1-2"),
    r"\(?x\)?": ("(x)", "(y)"),
    r"[(?x:]+": ("x:(", "a"),
    r"a{}": ("a{}", "a"),
    r"[0-9]++": ("12", ""),
    r"(?#number)[0-9]+": ("12", "x"),
    "": ("", "x"),
}


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_could_take_long_is_refused(pattern: str) -> None:
    with pytest.raises(UnusablePattern, match="could take very long"):
        compile_safely(pattern)


@pytest.mark.parametrize("pattern", VERBOSE)
def test_a_verbose_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UnusablePattern, match="without the flag x"):
        compile_safely(pattern)


@pytest.mark.parametrize("pattern", BROKEN)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UnusablePattern, match="Not a regular expression"):
        compile_safely(pattern)


@pytest.mark.parametrize(("pattern", "texts"), USABLE.items())
def test_an_ordinary_pattern_can_be_used(pattern: str, texts: tuple[str, str]) -> None:
    compiled = compile_safely(pattern)
    fits, does_not = texts
    assert compiled.fullmatch(fits)
    assert not compiled.fullmatch(does_not)
