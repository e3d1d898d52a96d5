"""The account's drivers: main categories (level 1) with details (level 2), on either side of the score."""

from collections.abc import Iterator

#: Side: (``show_for``, ``good_bad``) of the API's own words.
_SIDES = {"10": ("Promoter", "pos"), "20": ("Detractor&Neutral", "neg")}

_TREE: dict[str, dict[str, tuple[str, ...]]] = {
    "10": {
        "Service": ("Friendly on the phone", "Solved at the first call", "Kept me informed"),
        "Product": ("Reliable", "Easy to use"),
        "Delivery": ("On time", "Well packed"),
        "Price": ("Good value for money",),
    },
    "20": {
        "Service": ("Long waiting time", "Problem not solved", "Unfriendly contact", "No call back"),
        "Product": ("Defect", "Hard to use"),
        "Delivery": ("Too late", "Incomplete or damaged"),
        "Invoice": ("Invoice not correct", "Too expensive"),
    },
}


def reasons(show_for: str = "") -> list[dict[str, str]]:
    """The rows of GET Reasons (support article 5000722471), all values text; ``show_for`` narrows to one side."""
    return [row for row in _rows() if show_for in ("", row["show_for"])]


def _rows() -> Iterator[dict[str, str]]:
    for side, tree in _TREE.items():
        show_for, good_bad = _SIDES[side]
        for position, (category, details) in enumerate(tree.items()):
            for place, label in enumerate((category, *details)):
                yield {
                    "reason_code": f"{side}{position}{place}0",
                    "numeration": f"{position + 1}.{place}" if place else str(position + 1),
                    "position": str(place or position + 1),
                    "show_for": show_for,
                    "good_bad": good_bad,
                    "category_main": category,
                    "level": "2" if place else "1",
                    "label": label,
                }
