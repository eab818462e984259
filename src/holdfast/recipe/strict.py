"""Pydantic models whose errors teach: an unknown key names the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

Location = tuple[str | int, ...]


class Nested(ValueError):
    """Errors found inside a value, each with its place below that value."""

    def __init__(self, items: list[tuple[Location, str]]):
        super().__init__("; ".join(message for _, message in items))
        self.items = items


class Strict(BaseModel):
    """A frozen model that refuses unknown keys and says which known one was probably meant."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, populate_by_name=True,
        defer_build=True,  # of some hundred components a recipe names a few
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = {field.alias or name for name, field in cls.model_fields.items()}
        known_too = known | set(cls.model_fields)
        wrong = [key for key in value if key not in known_too]
        if wrong:
            raise Nested([((key,), f"unknown key; {nearest(str(key), known)}") for key in wrong])
        return value


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known name is near to `word`, and list the known ones.

    >>> nearest("widht", ["width", "kernel"])
    "did you mean 'width'? Known: kernel, width"
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(names) or 'none'}"


def flatten(error: ValidationError) -> list[tuple[Location, str]]:
    """Each single fault of a validation error, with its full place."""
    faults: list[tuple[Location, str]] = []
    for item in error.errors():
        place = tuple(item["loc"])
        inner = item.get("ctx", {}).get("error")
        if isinstance(inner, Nested):
            faults += [(place + below, message) for below, message in inner.items]
        else:
            faults.append((place, _in_words(dict(item))))
    return faults


def _in_words(item: dict[str, Any]) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "missing":
        return "this key is required and missing"
    message = message.replace("Input should be", "expected")
    got = item.get("input")
    return f"{message}, got {got!r}" if isinstance(got, str | int | float | bool | list | None) else message
