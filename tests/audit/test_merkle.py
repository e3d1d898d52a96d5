"""Merkle trees: the known answers of Certificate Transparency, and a proof for every entry of every small tree."""

import hashlib
from pathlib import Path
from runpy import run_path

import pytest

from uploads.audit import merkle

CHECKER = Path(__file__).parents[2] / "docs" / "check_audit.py"
# the entries and roots by which implementations of RFC 6962 are compared
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_a_tree_has_the_root_that_every_implementation_finds(size: int) -> None:
    assert merkle.root([merkle.leaf(entry) for entry in ENTRIES[:size]]).hex() == ROOTS[size]


def root_as_defined(entries: list[bytes]) -> bytes:
    """Word for word from RFC 6962, section 2.1."""
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + root_as_defined(entries[:k]) + root_as_defined(entries[k:])).digest()


def path_as_defined(index: int, entries: list[bytes]) -> list[bytes]:
    """Word for word from RFC 6962, section 2.1.1."""
    if len(entries) == 1:
        return []
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if index < k:
        return [*path_as_defined(index, entries[:k]), root_as_defined(entries[k:])]
    return [*path_as_defined(index - k, entries[k:]), root_as_defined(entries[:k])]


@pytest.mark.parametrize("size", [*range(1, 34), 137])
def test_roots_and_paths_are_those_of_the_definition(size: int) -> None:
    entries = [f"entry {number}".encode() for number in range(size)]
    leaves = [merkle.leaf(entry) for entry in entries]
    assert merkle.root(leaves) == root_as_defined(entries)
    assert [merkle.path(leaves, index) for index in range(size)] == [
        path_as_defined(index, entries) for index in range(size)
    ]


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_path_for_an_entry_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError, match="A list of 3 has no entry"):
        merkle.path([merkle.leaf(b"a")] * 3, index)


@pytest.mark.parametrize("size", [*range(1, 34), 137])
def test_the_program_for_outsiders_follows_every_path_to_the_root(size: int) -> None:
    follow = run_path(str(CHECKER))["root_of"]
    leaves = [merkle.leaf(bytes([number])) for number in range(size)]
    for index in range(size):
        path = [step.hex() for step in merkle.path(leaves, index)]
        assert follow(leaves[index], index, size, path) == merkle.root(leaves)
