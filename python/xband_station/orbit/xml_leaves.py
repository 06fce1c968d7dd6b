# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements of an XML document one after another, with line numbers, which ElementTree forgets."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from xband_station.orbit.errors import OrbitError


class XmlLeaves:
    """Calls ``opened`` and ``closed`` for each element, and ``leaf`` with the text of one without elements inside.

    All take the tag and "file:line"; ``leaf`` comes before its ``closed`` and takes the text too.
    """

    def __init__(
        self,
        file: str,
        opened: Callable[[str, str], None],
        leaf: Callable[[str, str, str], None],
        closed: Callable[[str, str], None],
    ) -> None:
        self._file = file
        self._opened, self._leaf, self._closed = opened, leaf, closed
        self._text = ""
        self._is_leaf = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> None:
        """Raises OrbitError with file and line."""
        try:
            # As bytes: the text is already decoded, whatever encoding its declaration names.
            self._parser.Parse(re.sub(r"^<\?xml[^>]*\?>", "", text).encode(), True)
        except expat.ExpatError as error:
            message = expat.errors.messages[error.code]
            raise OrbitError(f"{self._file}:{error.lineno}", "", f"not valid XML: {message}") from None

    def _where(self) -> str:
        return f"{self._file}:{self._parser.CurrentLineNumber}"

    def _doctype(self, *_: object) -> None:
        # Entities could be made to grow without bound; no orbit message has a document type.
        raise OrbitError(self._where(), "DOCTYPE", "is not allowed in orbit data")

    def _start(self, tag: str, _attributes: object) -> None:
        self._opened(tag, self._where())
        self._text = ""
        self._is_leaf = True

    def _end(self, tag: str) -> None:
        if self._is_leaf:
            self._leaf(tag, self._text.strip(), self._where())
        self._closed(tag, self._where())
        self._is_leaf = False

    def _characters(self, text: str) -> None:
        self._text += text
