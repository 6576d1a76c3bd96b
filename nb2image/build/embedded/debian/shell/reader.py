"""Reads a shell script into its commands. Pure: nothing of it is run, nothing is expanded.

The part of the POSIX shell's grammar that maintainer scripts use; anything else is ``Unreadable``.
https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html
"""

from __future__ import annotations

import re

from nb2image.build.embedded.debian.shell import syntax
from nb2image.build.embedded.debian.shell.cursor import ENDS_WORD, Cursor
from nb2image.build.embedded.debian.shell.syntax import (
    Node,
    Parameter,
    Substitution,
    Text,
    Unreadable,
    Word,
)

MAX_TEXT = 1 << 18
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
FUNCTION = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ \t]*\([ \t]*\)")
REDIRECTION = re.compile(r"(\d*)(<<-?|>>|[<>]&|>\||<>|&>|<|>)")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
OPERATOR = re.compile(r":?[-+=?]|##?|%%?")
ENDS_COMMAND = "\n;&|)"


def read(script: bytes) -> tuple[Node, ...]:
    """The commands of a script. Raises Unreadable."""
    if len(script) > MAX_TEXT:
        raise Unreadable("it is absurdly long")
    reader = Reader(script.decode("utf-8", "replace"), 0)
    return reader.commands()


class Reader(Cursor):
    """A recursive descent through a text."""

    def commands(self, *ends: str) -> tuple[Node, ...]:
        """The commands up to one of the words or signs ``ends``, or up to the end of the text."""
        self.deeper()
        found: list[Node] = []
        while not self._ended(ends):
            found.append(self._chain())
            self.blank()
            if self.next() in (";", "&") and not self.comes(";;"):
                self.at += 1
            elif self.next() not in ("\n", "") and not self._ended(ends):
                raise Unreadable(f"an unexpected {self.next()!r}")
        self.depth -= 1
        return tuple(found)

    def _ended(self, ends: tuple[str, ...]) -> bool:
        self.lines()
        if self.at >= len(self.text):
            if ends:
                raise Unreadable(f"no {ends[0]} follows")
            return True
        return any(self.comes(end) for end in ends)

    def _chain(self) -> Node:
        first = self._pipe()
        rest: list[tuple[str, Node]] = []
        while True:
            self.blank()
            operator = self.text[self.at : self.at + 2]
            if operator not in ("&&", "||"):
                return syntax.Chain(first, tuple(rest)) if rest else first
            self.at += 2
            self.lines()
            rest.append((operator, self._pipe()))

    def _pipe(self) -> Node:
        negated = False
        while self.taken("!"):
            negated = not negated
            self.blank()
        found = [self._command()]
        self.blank()
        while self.comes("|") and not self.comes("||"):
            self.at += 1
            self.lines()
            found.append(self._command())
            self.blank()
        return syntax.Pipe(tuple(found), negated) if negated or len(found) > 1 else found[0]

    def _command(self) -> Node:
        self.blank()
        if self.taken("("):
            body = self.commands(")")
            self.expect(")")
            return syntax.Group(body, True, self._redirections())
        if self.taken("{"):
            body = self.commands("}")
            self.expect("}")
            return syntax.Group(body, False, self._redirections())
        if self.taken("if"):
            return self._if()
        if self.taken("case"):
            return self._case()
        if self.taken("for"):
            return self._for()
        if self.taken("while"):
            return self._body(syntax.Loop("", (), self.commands("do"), ()))
        if self.taken("until"):
            condition = syntax.Pipe((syntax.Group(self.commands("do"), False),), negated=True)
            return self._body(syntax.Loop("", (), (condition,), ()))
        self.taken("function")
        self.blank()
        defined = FUNCTION.match(self.text, self.at)
        if defined:
            self.at = defined.end()
            self.lines()
            self.deeper()
            function = syntax.Function(defined[1], self._command())
            self.depth -= 1
            return function
        return self._simple()

    def _if(self) -> Node:
        branches = []
        otherwise: tuple[Node, ...] = ()
        while True:
            condition = self.commands("then")
            self.expect("then")
            branches.append((condition, self.commands("elif", "else", "fi")))
            if not self.taken("elif"):
                break
        if self.taken("else"):
            otherwise = self.commands("fi")
        self.expect("fi")
        return self._with_redirections(syntax.If(tuple(branches), otherwise))

    def _case(self) -> Node:
        self.blank()
        word = self._word()
        self.lines()
        self.expect("in")
        branches = []
        while not self._ended(("esac",)):
            self.taken("(")
            self.blank()
            patterns = [self._word()]
            self.blank()
            while self.taken("|"):
                self.blank()
                patterns.append(self._word())
                self.blank()
            self.expect(")")
            branches.append((tuple(patterns), self.commands(";;", "esac")))
            self.taken(";;")
        self.expect("esac")
        return self._with_redirections(syntax.Case(word, tuple(branches)))

    def _for(self) -> Node:
        self.blank()
        name = NAME.match(self.text, self.at)
        if name is None:
            raise Unreadable("a loop without a name")
        self.at = name.end()
        self.lines()
        words: tuple[Word, ...] = (Word((Parameter("@", quoted=True),)),)
        if self.taken("in"):
            self.blank()
            words = self._words()
        self.lines()
        if self.taken(";"):
            self.lines()
        return self._body(syntax.Loop(name[0], words, (), ()))

    def _body(self, loop: syntax.Loop) -> Node:
        self.expect("do")
        body = self.commands("done")
        self.expect("done")
        found = syntax.Loop(loop.name, loop.words, loop.condition, body)
        return self._with_redirections(found)

    def _with_redirections(self, node: Node) -> Node:
        redirections = self._redirections()
        return syntax.Group((node,), False, redirections) if redirections else node

    def _words(self) -> tuple[Word, ...]:
        found = []
        self.blank()
        while self.next() not in ("", *ENDS_COMMAND):
            found.append(self._word())
            self.blank()
        return tuple(found)

    def _simple(self) -> Node:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[syntax.Redirection] = []
        start = self.at
        while True:
            self.blank()
            redirection = self._redirection()
            if redirection is not None:
                redirections.append(redirection)
                continue
            if self.next() == "" or self.next() in ENDS_COMMAND:
                break
            word = self._word()
            first = word.parts[0] if word.parts else Text("")
            match = isinstance(first, Text) and not first.quoted and ASSIGNMENT.match(first.text)
            if match and isinstance(first, Text) and not words:
                rest = Text(first.text[match.end() :])
                assignments.append((match[1], Word((rest, *word.parts[1:]))))
            else:
                words.append(word)
        if self.at == start:
            raise Unreadable(f"a command begins with {self.next()!r}")
        return syntax.Command(tuple(assignments), tuple(words), tuple(redirections))

    def _redirections(self) -> tuple[syntax.Redirection, ...]:
        found = []
        self.blank()
        while (redirection := self._redirection()) is not None:
            found.append(redirection)
            self.blank()
        return tuple(found)

    def _redirection(self) -> syntax.Redirection | None:
        match = REDIRECTION.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        self.blank()
        target = self._word()
        if match[2] not in ("<<", "<<-"):
            return syntax.Redirection(match[1], match[2], target)
        texts = [part for part in target.parts if isinstance(part, Text)]
        end = "".join(part.text for part in texts)
        plain = any(part.quoted for part in texts)
        document = syntax.Document(end, match[2] == "<<-", plain)
        self.documents.append(document)
        return syntax.Redirection(match[1], match[2], document)

    def _word(self, end: str = "") -> Word:
        """One word; inside ``${…}`` up to its ``end``, whatever is in between."""
        parts: list[Text | Parameter | Substitution] = []
        plain = ""
        start = self.at
        while (sign := self.next()) and sign != end and (end or sign not in ENDS_WORD):
            if sign in "'\"\\$`":
                if plain:
                    parts.append(Text(plain))
                    plain = ""
                parts += self._special(sign, quoted=False)
            else:
                plain += sign
                self.at += 1
        if plain:
            parts.append(Text(plain))
        if self.at == start and not end:
            raise Unreadable(f"a word begins with {self.next()!r}")
        return Word(tuple(parts))

    def _special(self, sign: str, *, quoted: bool) -> list[Text | Parameter | Substitution]:
        """What begins with a sign that is not taken as it is."""
        self.at += 1
        if sign == "'":
            end = self.text.find("'", self.at)
            if end < 0:
                raise Unreadable("a quote does not end")
            text, self.at = self.text[self.at : end], end + 1
            return [Text(text, quoted=True)]
        if sign == "\\":
            text = self.next()
            self.at += 1
            return [] if text == "\n" else [Text(text, quoted=True)]
        if sign == '"':
            return self._double()
        if sign == "`":
            return [self._backquoted(quoted)]
        return [self._dollar(quoted)]

    def _double(self) -> list[Text | Parameter | Substitution]:
        parts: list[Text | Parameter | Substitution] = [Text("", quoted=True)]
        while (sign := self.next()) != '"':
            if not sign:
                raise Unreadable("a quote does not end")
            if sign == "\\" and self.text[self.at + 1 : self.at + 2] in (
                "$",
                "`",
                '"',
                "\\",
                "\n",
            ):
                parts += self._special("\\", quoted=True)
            elif sign in "$`":
                parts += self._special(sign, quoted=True)
            else:
                self.at += 1
                parts.append(Text(sign, quoted=True))
        self.at += 1
        return parts

    def _backquoted(self, quoted: bool) -> Substitution:
        text = ""
        while (sign := self.next()) != "`":
            if not sign:
                raise Unreadable("a quote does not end")
            if sign == "\\" and self.after(1) in ("`", "\\", "$"):
                self.at += 1
                sign = self.next()
            text += sign
            self.at += 1
        self.at += 1
        return Substitution(Reader(text, self.depth).commands(), quoted)

    def _dollar(self, quoted: bool) -> Text | Parameter | Substitution:
        if self.comes("(("):
            end = self.text.find("))", self.at)
            if end < 0:
                raise Unreadable("a sum does not end")
            self.at = end + 2
            return Substitution(None, quoted)
        if self.next() == "(":
            self.at += 1
            body = self.commands(")")
            self.expect(")")
            return Substitution(body, quoted)
        if self.next() == "{":
            self.at += 1
            return self._braced(quoted)
        match = PARAMETER.match(self.text, self.at)
        if match is None:
            return Text("$", quoted=True)
        self.at = match.end()
        return Parameter(match[0], quoted)

    def _braced(self, quoted: bool) -> Parameter | Substitution:
        match = PARAMETER.match(self.text, self.at)
        if match is None or self.text[match.end() : match.end() + 1] == "[":
            return self._unknown(quoted)
        self.at = match.end()
        operator = OPERATOR.match(self.text, self.at)
        operand = None
        if operator:
            self.at = operator.end()
            self.deeper()
            operand = self._word(end="}")
            self.depth -= 1
        if self.next() != "}":
            return self._unknown(quoted)
        self.at += 1
        return Parameter(match[0], quoted, operator[0] if operator else "", operand)

    def _unknown(self, quoted: bool) -> Substitution:
        """Another shell's expansion, of which nothing can be told."""
        end = self.text.find("}", self.at)
        if end < 0:
            raise Unreadable("a brace does not end")
        self.at = end + 1
        return Substitution(None, quoted)
