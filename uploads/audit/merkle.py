"""Merkle trees as in RFC 6962, section 2.1 (and RFC 9162, section 2.1): one hash that stands for a whole list.

Leaves and inner nodes are hashed with different first bytes, so that no node can be passed off as a leaf. An odd
node at the end of a level moves up as it is, which gives the same tree as the RFC's split at a power of two.
"""

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\0", b"\1"


def leaf(entry: bytes) -> bytes:
    """The hash of one entry of the list (32 bytes)."""
    return sha256(LEAF + entry).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of a list, from the hashes of its entries (32 bytes)."""
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else sha256().digest()


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The Merkle audit path of the entry at `index`: the hashes that lead from it to the root, lowest first."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"A list of {len(leaves)} has no entry {index}.")
    found, level = [], leaves
    while len(level) > 1:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        level, index = _above(level), index // 2
    return found


def _above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [sha256(NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
