# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed reading of a YAML file that remembers the line of every value.

PyYAML's ``compose`` gives nodes with positions; its constructors are not used, because they would lose the lines and
read ``7812.0e6`` as text (YAML 1.1 wants a sign in the exponent).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import yaml

from .errors import MissionError

MAX_FILE_LEN_BYTES = 1 << 20  # a mission takes some kilobytes; more is a wrong file
_NULL = "tag:yaml.org,2002:null"
_INTEGER = re.compile(r"[-+]?(0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_NUMBER = re.compile(r"[-+]?([0-9][0-9_]*)(\.[0-9_]*)?([eE][-+]?[0-9]+)?")


class Section:
    """One mapping of the file. Values are asked for by key, type and range; :meth:`finish` refuses all other keys.

    Args: file: for messages; node: the mapping; path: dotted name of the section, empty at the top; line: of its key.
    Raises: MissionError: not a mapping, a key that is no plain word, or a key given twice.
    """

    def __init__(self, file: Path, node: yaml.Node, path: str = "", line: int = 1) -> None:
        self._file = file
        self._line = line
        self._path = path
        self._asked: list[str] = []
        self._values: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        if not isinstance(node, yaml.MappingNode):
            raise MissionError(
                "must be a mapping of keys to values",
                file=file,
                line=_line(node),
                field=path or "file",
                value=_shown(node),
            )
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise MissionError("a key must be a plain word", file=file, line=_line(key), field=path or "file")
            if key.value in self._values:
                raise MissionError("given twice", file=file, line=_line(key), field=self.name(key.value))
            self._values[key.value] = (key, value)

    def name(self, key: str) -> str:
        """Dotted name of a key of this section."""
        return f"{self._path}.{key}" if self._path else key

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def line(self, key: str | None = None) -> int:
        """Line of a key, or of the section."""
        return _line(self._values[key][0]) if key in self._values else self._line

    def fail(self, key: str | None, message: str, allowed: str | None = None) -> NoReturn:
        """Raises the MissionError of one key (or, with None, of the section)."""
        node = self._values[key][1] if key in self._values else None
        raise MissionError(
            message,
            file=self._file,
            line=self.line(key),
            field=self._path or "file" if key is None else self.name(key),
            value=None if node is None else _shown(node),
            allowed=allowed,
        )

    def has(self, key: str) -> bool:
        """Whether the key is given and not null; it then counts as asked for."""
        self._asked.append(key)
        return key in self._values and self._values[key][1].tag != _NULL

    def is_mapping(self, key: str) -> bool:
        """Whether the key is given and holds keys of its own."""
        return key in self._values and isinstance(self._values[key][1], yaml.MappingNode)

    def section(self, key: str) -> Section:
        """A mapping inside this one; required."""
        return Section(self._file, self._required(key, "a mapping"), self.name(key), self.line(key))

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Every key with its mapping, for tables whose keys are data (sources, virtual channels)."""
        for key in self._values:
            yield key, self.section(key)

    def text(self, key: str, default: str | None = None, pattern: str = r".+", allowed: str = "text") -> str:
        """A text that matches the whole pattern; required unless there is a default."""
        if default is not None and not self.has(key):
            return default
        node = self._required(key, allowed)
        if not isinstance(node, yaml.ScalarNode) or not re.fullmatch(pattern, node.value):
            self.fail(key, "not a valid text", allowed)
        return str(node.value)

    def texts(self, key: str) -> list[str]:
        """A list of at least one text; required."""
        allowed = "a list of texts"
        node = self._required(key, allowed)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.fail(key, "not a list with at least one entry", allowed)
        for entry in node.value:
            if not isinstance(entry, yaml.ScalarNode) or not entry.value:
                self.fail(key, "an entry is not a text", allowed)
        return [str(entry.value) for entry in node.value]

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""
        allowed = ", ".join(options)
        value = self.text(key, default, allowed=allowed)
        if value not in options:
            self.fail(key, "unknown value", allowed)
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """true or false."""
        word = None if default is None else str(default).lower()
        return self.choice(key, ("true", "false"), word) == "true"

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within [low, high], decimal or 0x."""
        if default is not None and not self.has(key):
            return default
        allowed = f"whole number {low} to {high}"
        node = self._required(key, allowed)
        if not isinstance(node, yaml.ScalarNode) or node.style is not None or not _INTEGER.fullmatch(node.value):
            self.fail(key, "not a whole number", allowed)
        if len(node.value) > 24:  # int() of a very long text takes quadratic time
            self.fail(key, "out of range", allowed)
        digits = node.value.replace("_", "")
        value = int(digits, 16 if "0x" in digits else 10)
        if not low <= value <= high:
            self.fail(key, "out of range", allowed)
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number within [low, high]; ``7812.0e6`` and ``15_000_000`` are numbers, NaN and infinity are not."""
        if default is not None and not self.has(key):
            return default
        allowed = f"number {low:g} to {high:g}"
        node = self._required(key, allowed)
        if not isinstance(node, yaml.ScalarNode) or node.style is not None or not _NUMBER.fullmatch(node.value):
            self.fail(key, "not a number", allowed)
        value = float(node.value.replace("_", ""))
        if not math.isfinite(value) or not low <= value <= high:
            self.fail(key, "out of range", allowed)
        return value

    def finish(self) -> None:
        """Refuses every key that nobody asked for: a typing error must not pass as a default."""
        for key in self._values:
            if key not in self._asked:
                allowed = ", ".join(dict.fromkeys(self._asked))
                raise MissionError(
                    "unknown key", file=self._file, line=self.line(key), field=self.name(key), allowed=allowed
                )

    def _required(self, key: str, allowed: str) -> yaml.Node:
        self._asked.append(key)
        if key not in self._values:
            near = difflib.get_close_matches(key, self._values, n=1)
            hint = f", or misspelt as {near[0]!r}" if near else ""
            line = self.line(near[0]) if near else self._line
            raise MissionError(f"missing{hint}", file=self._file, line=line, field=self.name(key), allowed=allowed)
        return self._values[key][1]


def read_section(file: Path) -> Section:
    """The top mapping of a YAML file.

    Raises: MissionError: unreadable, not UTF-8, not YAML, larger than a mission can be, empty, or no mapping.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_LEN_BYTES + 1)
        if len(data) > MAX_FILE_LEN_BYTES:
            raise MissionError(
                "file too large to be a mission", file=file, allowed=f"at most {MAX_FILE_LEN_BYTES} bytes"
            )
        node = yaml.compose(data.decode("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise MissionError(f"cannot be read: {error.strerror or error}", file=file) from error
    except UnicodeDecodeError as error:
        raise MissionError("is not UTF-8 text", file=file, line=data[: error.start].count(b"\n") + 1) from error
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise MissionError(f"is not YAML: {error.problem}", file=file, line=line) from error
    except yaml.YAMLError as error:
        raise MissionError(f"is not YAML: {' '.join(str(error).split())}", file=file) from error
    except RecursionError as error:
        raise MissionError("is nested too deeply", file=file) from error
    if node is None:
        raise MissionError("is empty", file=file, line=1)
    return Section(file, node)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _shown(node: yaml.Node) -> str:
    """A value for a message: the scalar, or the kind of a collection."""
    if isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        return repr(text if len(text) <= 60 else text[:57] + "...")
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
