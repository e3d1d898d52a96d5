from collections.abc import Iterator

import pytest

from uploads.simulator import Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator of its own for every test."""
    with Simulator() as simulator:
        yield simulator
