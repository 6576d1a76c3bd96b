"""Which commands a maintainer script calls when its package is installed for the first time. Pure.

Nothing is run: conditions are decided from the script's arguments and from what files the image
has. What cannot be decided is followed both ways, and the commands below it are marked so.
https://www.debian.org/doc/debian-policy/ch-maintainerscripts.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from nb2image.build.embedded.debian.shell import syntax
from nb2image.build.embedded.debian.shell.expand import BLANKS, Words, joined
from nb2image.build.embedded.debian.shell.machine import Machine, Value
from nb2image.build.embedded.debian.shell.reader import read
from nb2image.build.embedded.debian.shell.syntax import Node, Unreadable
from nb2image.build.embedded.debian.shell.tell import PATH, said, test

MAX_STEPS = 20_000
MAX_CALLS_DEEP = 20
NO_ANSWERS: Mapping[str, str] = MappingProxyType({})
IGNORED = frozenset({"set", "trap", "umask", "ulimit", "hash", "cd", "wait", "sleep"})


@dataclass(frozen=True, slots=True)
class Call:
    """One command with its words."""

    words: tuple[Value, ...]
    sure: bool
    """Whether it is called on every machine that is like the image."""
    into: Value = ""
    """The file that its output goes to; empty for none."""
    text: Value = ""
    """What is written there."""

    def __str__(self) -> str:
        words = [*self.words, *([self.into] if self.words == (">",) else [])]
        return " ".join("…" if word is None else word for word in words)


class Left(Exception):
    """A loop, a function or the script ends here."""

    def __init__(self, what: str, status: Value = "0") -> None:
        super().__init__(what)
        self.what = what
        self.status = status
        self.fails = what == "exit" and status not in ("0", None)


def trace(
    script: bytes,
    arguments: Sequence[str],
    package: str,
    machine: Machine,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> tuple[Call, ...]:
    """The commands of a script that may change something. Raises Unreadable.

    ``answers`` are those that debconf has for its questions.
    """
    if not re.match(rb"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", script):
        raise Unreadable("it is no shell script")
    tracer = Tracer(machine, package, arguments, answers)
    try:
        tracer.run(read(script))
    except Left as left:
        if left.fails and not tracer.left_before("exit"):
            raise Unreadable("it fails") from left
    return tuple(tracer.calls)


class Tracer:
    """Follows a script; ``calls`` are what it found."""

    def __init__(
        self,
        machine: Machine,
        package: str,
        arguments: Sequence[str],
        answers: Mapping[str, str],
    ) -> None:
        self.calls: list[Call] = []
        self._machine = machine
        self._answers = answers
        variables: dict[str, Value] = {
            **dict.fromkeys(("LANG", "LC_ALL", "LC_CTYPE", "PWD", "SHELL", "TERM")),
            "HOME": "/root",
            "IFS": BLANKS,
            "PATH": ":".join(PATH),
            "DPKG_ROOT": "",
            "DPKG_MAINTSCRIPT_PACKAGE": package,
            "DPKG_MAINTSCRIPT_ARCH": machine.architecture,
            "DEBIAN_FRONTEND": "noninteractive",
        }
        self._words = Words(variables, list(arguments), machine.matching, self._substituted)
        self._functions: dict[str, Node] = {}
        self._local: dict[str, Value] = {}
        """Of the function that is followed: what its own variables hide."""
        self._output: list[Value] = []
        self._unsure = 0
        self._left_unsure: list[tuple[str, int]] = []
        self._steps = self._deep = 0

    def run(self, nodes: Iterable[Node]) -> bool | None:
        """Follow commands; the status of the last."""
        status: bool | None = True
        for node in nodes:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise Unreadable("it takes too many steps")
            status = self._follow(node)
        return status

    def _follow(self, node: Node) -> bool | None:
        match node:
            case syntax.Command():
                return self._command(node)
            case syntax.Pipe():
                return self._pipe(node)
            case syntax.Chain():
                status = self._follow(node.first)
                for operator, rest in node.rest:
                    status = self._after(status, operator == "&&", (rest,))
                return status
            case syntax.If():
                return self._if(node.branches, node.otherwise)
            case syntax.Case():
                return self._case(node)
            case syntax.Loop():
                return self._loop(node)
            case syntax.Group():
                return self._group(node)
            case syntax.Function():
                self._functions[node.name] = node.body
                return True

    def _after(self, status: bool | None, wanted: bool, nodes: tuple[Node, ...]) -> bool | None:
        """What follows a status: it is run for one, passed over for the other."""
        if status is not None:
            return self.run(nodes) if status == wanted else status
        failed = self._perhaps(nodes)
        return (not wanted) if failed else None

    def _if(
        self,
        branches: Sequence[tuple[tuple[Node, ...], tuple[Node, ...]]],
        otherwise: tuple[Node, ...],
    ) -> bool | None:
        if not branches:
            return self.run(otherwise)
        condition, body = branches[0]
        status = self.run(condition)
        if status is not None:
            return self.run(body) if status else self._if(branches[1:], otherwise)
        before = dict(self._words.variables)
        if self._perhaps(body):  # a script that fails installs nothing: it does not go there
            return self._if(branches[1:], otherwise)
        after, self._words.variables = self._words.variables, before
        rest = syntax.If(tuple(branches[1:]), otherwise) if len(branches) > 1 else None
        failed = self._perhaps((rest,) if rest else otherwise)
        self._words.variables = after if failed else merged(after, self._words.variables)
        return None

    def _perhaps(self, nodes: tuple[Node, ...]) -> bool:
        """Follow what may not be run at all; whether the script would fail there.

        Such commands count for nothing. Where they leave a loop, a function or the script, what
        comes after them is not sure either.
        """
        before, calls = dict(self._words.variables), len(self.calls)
        self._unsure += 1
        left = ""
        try:
            self.run(nodes)
        except Left as error:
            if error.fails:
                del self.calls[calls:]
                self._words.variables = before
                return True
            left = error.what
        finally:
            self._unsure -= 1
        self._words.variables = merged(before, self._words.variables)
        if left:
            self._unsure += 1
            self._left_unsure.append((left, len(self.calls)))
        return False

    def _arrive(self, *kinds: str) -> None:
        """After a loop or function all is as sure again as it was before."""
        for left in [one for one in self._left_unsure if one[0] in kinds]:
            self._left_unsure.remove(left)
            self._unsure -= 1

    def left_before(self, kind: str) -> bool:
        """Whether what fails now may have been left before: then it was, and the rest undone."""
        calls = next((number for one, number in self._left_unsure if one == kind), None)
        if calls is not None:
            del self.calls[calls:]
        return calls is not None

    def _case(self, node: syntax.Case) -> bool | None:
        value = self._words.whole(node.word)
        for number, (patterns, body) in enumerate(node.branches):
            wanted = [self._words.pattern(pattern) for pattern in patterns]
            if value is not None and None not in wanted:
                if any(fnmatchcase(value, pattern) for pattern in wanted if pattern is not None):
                    return self.run(body)
                continue
            rest = syntax.Case(node.word, node.branches[number + 1 :])
            if self._perhaps(body):
                return self._case(rest)
            self._perhaps((rest,))
            return None
        return True

    def _loop(self, node: syntax.Loop) -> bool | None:
        if not node.name:
            if self.run(node.condition) is False:
                return True
            for _ in range(2):  # what the first turn sets is not known in the second
                self._perhaps(node.body)
            self._arrive("continue", "break")
            return None
        for value in [value for word in node.words for value in self._words.fields(word)]:
            self._words.variables[node.name] = value
            try:
                if value is None:
                    self._perhaps(node.body)
                else:
                    self.run(node.body)
            except Left as left:
                if left.what not in ("break", "continue"):
                    raise
                if left.what == "break":
                    break
            finally:
                self._arrive("continue")
        self._arrive("break")
        return True

    def _group(self, node: syntax.Group) -> bool | None:
        before = dict(self._words.variables)
        try:
            with self._redirected(node.redirections):
                return self.run(node.body)
        finally:
            if node.apart:
                self._words.variables = before

    @contextmanager
    def _redirected(self, redirections: tuple[syntax.Redirection, ...]) -> Iterator[None]:
        into, added = self._target(redirections)
        if into == "":
            yield
            return
        with self._captured() as output:
            yield
        text = None if added else joined(output)
        self.calls.append(Call((">",), not self._unsure, into, text))

    @contextmanager
    def _captured(self) -> Iterator[list[Value]]:
        before, self._output = self._output, []
        try:
            yield self._output
        finally:
            self._output = before

    def _pipe(self, node: syntax.Pipe) -> bool | None:
        status: bool | None = None
        given: Value = None
        for number, command in enumerate(node.commands):
            with self._captured() as output:
                status = self._follow(command)
            words = self._first_word(command)
            if number and given == "" and words in ("grep", "egrep", "fgrep"):
                status, output = False, [""]
            elif number:
                status, output = None, [None]
            given = joined(output)
        if len(node.commands) == 1 or given == "":
            self._output.append(given)
        else:
            self._output.append(None)
        return (not status if status is not None else None) if node.negated else status

    def _first_word(self, node: Node) -> Value:
        return (
            self._words.whole(node.words[0])
            if isinstance(node, syntax.Command) and node.words
            else ""
        )

    def _command(self, node: syntax.Command) -> bool | None:
        for name, word in node.assignments:
            value = self._words.whole(word)
            if not node.words:
                self._words.variables[name] = value
        if not node.words:
            with self._redirected(node.redirections):
                return True
        first = self._words.whole(node.words[0])
        if first in ("local", "export", "readonly", "declare"):
            self._declare(node.words[1:], local=first == "local")
            return True
        words = [value for word in node.words for value in self._words.fields(word)]
        if not words:
            return True
        if words == ["exec"] and self._target(node.redirections)[0] != "":
            raise Unreadable("all that it prints goes to a file")
        with self._redirected(node.redirections):
            if first in self._functions:
                return self._call(first, words[1:])
            return self._plain(words, node)

    def _declare(self, words: Iterable[syntax.Word], *, local: bool) -> None:
        for word in words:
            part = word.parts[0]
            if not isinstance(part, syntax.Text):
                continue
            name, equals, text = part.text.partition("=")
            if local:
                self._local.setdefault(name, self._words.variables.get(name, ""))
            if equals:
                rest = syntax.Word((syntax.Text(text), *word.parts[1:]))
                self._words.variables[name] = self._words.whole(rest)

    def _call(self, name: str, arguments: list[Value]) -> bool | None:
        self._deep += 1
        if self._deep > MAX_CALLS_DEEP:
            raise Unreadable("its functions call each other without end")
        before, self._words.arguments = self._words.arguments, arguments
        outer, self._local = self._local, {}
        try:
            return self._follow(self._functions[name])
        except Left as left:
            if left.what == "return":
                return None if left.status is None else left.status == "0"
            if left.fails and self.left_before("return"):
                return None
            raise
        finally:
            self._deep -= 1
            self._words.arguments = before
            self._words.variables |= self._local
            self._local = outer
            self._arrive("return")

    def _plain(self, words: list[Value], node: syntax.Command) -> bool | None:
        """A builtin, or a program."""
        name, rest = words[0], words[1:]
        match name:
            case "[" | "test":
                given = rest[:-1] if name == "[" else rest
                return test(given, self._machine)
            case ":" | "true":
                return True
            case "false":
                return False
            case "exit" | "return" | "break" | "continue":
                raise Left(name, rest[0] if rest else "0")
            case "shift":
                del self._words.arguments[:1]
                return True
            case "set" if rest[:1] == ["--"]:
                self._words.arguments = rest[1:]
                return True
            case "read":
                self._words.variables |= {word: None for word in rest if word}
                return None
            case "unset":
                self._words.variables |= {word: "" for word in rest if word}
                return True
            case "command" if rest[:1] not in (["-v"], ["-V"]):
                return self._plain(rest, node) if rest else True
            case "exec" if rest:
                return self._plain(rest, node)
        if name in IGNORED or name == "exec":
            return True
        documents = [r.target for r in node.redirections if r.operator.startswith("<<")]
        told = said(words, self._document(documents[-1]) if documents else None, self._machine)
        if told is not None:
            status, output = told
            self._output.append(output)
            return status
        if name in ("db_get", "db_input", "db_go"):
            asked = rest[0] if rest and name == "db_get" else None
            self._words.variables["RET"] = self._answers.get(asked) if asked else None
        self.calls.append(Call(tuple(words), not self._unsure))
        self._output.append(None)
        return True

    def _document(self, found: syntax.Word | syntax.Document) -> Value:
        if not isinstance(found, syntax.Document):
            return None
        return found.text if found.plain or not re.search(r"[$`\\]", found.text) else None

    def _target(self, redirections: Iterable[syntax.Redirection]) -> tuple[Value, bool]:
        """The file that output is written to, empty for none; whether it is added to its end."""
        for one in redirections:
            if one.operator in (">", ">>", ">|", "&>") and isinstance(one.target, syntax.Word):
                path = self._words.whole(one.target)
                if path not in ("/dev/null", "/dev/stderr"):
                    return path, one.operator == ">>"
        return "", False

    def _substituted(self, part: syntax.Substitution) -> Value:
        if part.body is None:
            return None
        before = dict(self._words.variables)
        with self._captured() as output:
            try:
                self.run(part.body)
            except Left:
                output.append(None)
        self._words.variables = before
        text = joined(output)
        return None if text is None else text.rstrip("\n")


def merged(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    """What is the same in both; nothing can be told of the rest."""
    return {
        name: one[name] if name in one and name in other and one[name] == other[name] else None
        for name in {**one, **other}
    }
