"""How often a serving process looks for garbage: with all modules loaded, each full look stops every thread."""

import gc


def look_seldom() -> None:
    """Leave out what stays for ever, and look seldom for the rest. To be called once everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
