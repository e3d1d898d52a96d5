"""CustomerGauge's own list of reasons (GET Reasons, support article 5000722471) as rows of the portal's list.

Of its columns `level` is 1 for a primary reason and 2 for a secondary one, which names its primary by that one's label
in `category_main`; `good_bad` ties each reason to one side of the score. Reasons that are here already keep
their order.
"""

import re
from collections.abc import Mapping, Sequence

from ..models import ReasonCode, Side
from .tables import NUMBER

Row = Mapping[str, str]

SIDES = {"pos": Side.PROMOTER, "neg": Side.PASSIVE_DETRACTOR}


def rows_of(drivers: Sequence[Row]) -> list[dict[str, str]]:
    """{column: text} for each driver that can be one of our reasons; `notes` names the others."""
    primaries = _primaries(drivers)
    places = dict(ReasonCode.objects.values_list("code", "position"))
    return [
        _row(number, driver, primaries) | {"position": str(places.get(driver["reason_code"], _position(driver)))}
        for number, driver in enumerate(drivers, 1)
        if _usable(driver, primaries)
    ]


def notes(drivers: Sequence[Row]) -> list[str]:
    """What the list alone cannot settle: drivers that are no reason here, and reasons that it does not name."""
    primaries = _primaries(drivers)
    told = [
        f"“{driver.get('reason_code', '?')}” is left out: it has no label, or its primary reason is not in the list."
        for driver in drivers
        if not _usable(driver, primaries)
    ]
    codes = [driver.get("reason_code", "") for driver in drivers]
    return told + [
        f"“{reason}” is offered here, and CustomerGauge does not name it. Switch it off if it has gone there."
        for reason in ReasonCode.objects.active().exclude(code__in=codes)
    ]


def _primaries(drivers: Sequence[Row]) -> dict[tuple[str, str], str]:
    """(side, label) of each primary → its code."""
    return {
        (driver.get("good_bad", ""), driver.get("label", "")): driver.get("reason_code", "")
        for driver in drivers
        if driver.get("level") == "1"
    }


def _usable(driver: Row, primaries: Mapping[tuple[str, str], str]) -> bool:
    if not driver.get("reason_code") or not driver.get("label"):
        return False
    below = (driver.get("good_bad", ""), driver.get("category_main", "")) in primaries
    return driver.get("level") == "1" or (driver.get("level") == "2" and below)


def _row(number: int, driver: Row, primaries: Mapping[tuple[str, str], str]) -> dict[str, str]:
    side = driver.get("good_bad", "")
    primary = primaries[side, driver["category_main"]] if driver["level"] == "2" else ""
    return {
        NUMBER: str(number),
        "code": driver["reason_code"],
        "label": driver["label"],
        "parent": primary,
        "side": SIDES.get(side, Side.ANY).value,
    }


def _position(driver: Row) -> int:
    """Where a new reason stands: as CustomerGauge orders them, with room between two, and one side after the other."""
    place = driver.get("position", "")
    number = int(place) * 10 if re.fullmatch(r"[0-9]{1,4}", place) else 100
    return number + (1000 if driver.get("good_bad") == "neg" and driver["level"] == "1" else 0)
