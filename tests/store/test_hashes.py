"""Hashes of files."""

from __future__ import annotations

from pathlib import Path

from holdfast.store.hashes import hash_file, hashed_once


def test_a_file_is_read_once_for_its_hash_only_where_nothing_changes_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    one = hash_file(file)
    file.write_text("two")
    assert hash_file(file) != one
    with hashed_once():
        two = hash_file(file)
        with hashed_once():
            file.write_text("three")
            assert hash_file(file) == two
    assert hash_file(file) not in (one, two)
