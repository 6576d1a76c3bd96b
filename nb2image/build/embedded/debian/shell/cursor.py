"""A place in a script that is read, and what comes next there."""

from __future__ import annotations

import re

from nb2image.build.embedded.debian.shell.syntax import Document, Unreadable

MAX_DEPTH = 40
BLANK = re.compile(r"(?:[ \t]|\\\n)+")
ENDS_WORD = " \t\n;&|<>()"


class Cursor:
    """A text with the place up to which it was read."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.documents: list[Document] = []
        """Begun on this line, and to be filled after its end."""

    def deeper(self) -> None:
        """Once more inside something."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("it is nested too deeply")

    def next(self) -> str:
        """The next character; empty at the end."""
        return self.after(0)

    def after(self, count: int) -> str:
        """The character after so many."""
        return self.text[self.at + count : self.at + count + 1]

    def comes(self, what: str) -> bool:
        """Whether a sign or a whole word comes next."""
        if not self.text.startswith(what, self.at):
            return False
        after = self.text[self.at + len(what) : self.at + len(what) + 1]
        return not (what.isalpha() or what in "{}!") or after == "" or after in ENDS_WORD

    def taken(self, what: str) -> bool:
        """Whether that came next, which is passed then."""
        found = self.comes(what)
        self.at += len(what) if found else 0
        return found

    def expect(self, what: str) -> None:
        """Pass what must come next, on another line or this one."""
        self.lines()
        if not self.taken(what):
            raise Unreadable(f"no {what} follows")

    def blank(self) -> None:
        """Pass blanks, and a comment after them."""
        match = BLANK.match(self.text, self.at)
        if match:
            self.at = match.end()
        if self.next() == "#":
            end = self.text.find("\n", self.at)
            self.at = end if end >= 0 else len(self.text)

    def lines(self) -> None:
        """Pass blanks, comments and line ends; the documents begun on a line follow its end."""
        self.blank()
        while self.next() == "\n":
            self.at += 1
            for document in self.documents:
                self._fill(document)
            self.documents.clear()
            self.blank()

    def _fill(self, document: Document) -> None:
        lines = []
        while True:
            if self.at >= len(self.text):
                raise Unreadable("a document does not end")
            end = self.text.find("\n", self.at)
            end = end if end >= 0 else len(self.text)
            line, self.at = self.text[self.at : end], end + 1
            line = line.lstrip("\t") if document.indented else line
            if line == document.end:
                break
            lines.append(f"{line}\n")
        document.text = "".join(lines)
