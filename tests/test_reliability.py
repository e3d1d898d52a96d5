"""The page of faults is complete, and each test that it names exists."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = re.findall(
    r"^\| (B\d\d) \| (.+?) \| (.*?) \| (.*?) \|$", (HERE.parent / "docs" / "reliability.md").read_text(), re.MULTILINE
)


def test_no_fault_is_left_out() -> None:
    assert [number for number, *_ in ROWS] == [f"B{number:02}" for number in range(1, 88)]


@pytest.mark.parametrize(("number", "fault", "holds", "shown"), ROWS, ids=[row[0] for row in ROWS])
def test_each_fault_has_its_tests(number: str, fault: str, holds: str, shown: str) -> None:
    assert holds, "say what holds"
    assert shown, "name a test"
    for place in shown.split(", "):
        path, _, name = place.partition("::")
        text = (HERE / f"{path}.py").read_text()
        assert name, f"{place} names a file only"
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{place} does not exist"
