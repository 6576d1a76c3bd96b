"""Maintainer scripts, read and followed without being run."""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Mapping
from fnmatch import fnmatchcase

import pytest

from nb2image.build.embedded.bases.base import Entry
from nb2image.build.embedded.debian import alternatives, tables
from nb2image.build.embedded.debian.accounts import AccountTables, sysusers
from nb2image.build.embedded.debian.deb import Deb, Unpacked
from nb2image.build.embedded.debian.effects import Below, outcome
from nb2image.build.embedded.debian.made import plain
from nb2image.build.embedded.debian.refusals import refuse_known
from nb2image.build.embedded.debian.scripts import Account, Alternative
from nb2image.build.embedded.debian.shell.follow import trace
from nb2image.build.embedded.debian.shell.reader import MAX_TEXT, read
from nb2image.build.embedded.debian.shell.syntax import Unreadable
from nb2image.build.embedded.debian.view import View
from nb2image.errors import PlanError

PASSWD = b"root:x:0:0:root:/root:/bin/bash\n"
GROUP = b"root:x:0:\nshadow:x:42:\n"


class Image:
    """An image of some files."""

    architecture = "amd64"
    files = ("/usr/bin/dpkg-thing", "/etc/known", "/etc/some.d/a.conf", "/etc/some.d/b.conf")

    def kind(self, path: str, *, follow: bool) -> str:
        if path in self.files:
            return "file"
        return "folder" if any(file.startswith(f"{path}/") for file in self.files) else ""

    def matching(self, pattern: str) -> list[str]:
        return [file for file in self.files if fnmatchcase(file, pattern)]

    def account(self, table: str, name: str) -> bool:
        return name == "root"

    def installed(self, package: str) -> bool:
        return package == "known"


def called(text: str) -> list[str]:
    """The commands of a postinst; those that are not sure with a question mark."""
    calls = trace(f"#!/bin/sh\n{text}\n".encode(), ("configure", ""), "pack", Image())
    return [("" if call.sure else "? ") + str(call) for call in calls]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set -e\n# a comment; do not\nexit 0\nreboot", []),
        ('if [ "$1" = configure ]; then run me; else run you; fi', ["run me"]),
        ('case "$1" in\n(configure|abort-*) run ;;\n*) exit 1;;\nesac', ["run"]),
        ('[ -z "$2" ] && run', ["run"]),
        ('test -n "$2" || run', ["run"]),
        ('if dpkg --compare-versions "$2" lt-nl 1.0; then run; fi', []),
        ('if dpkg --compare-versions "$2" lt 1.0; then run; fi', ["run"]),
        ("dpkg --compare-versions 1:1.0-1 ge 2.0~ && run", ["run"]),
        ('a=x b="$a y"; run $b \'$a\' \\$a "$b"', ["run x y $a $a x y"]),
        ("for i in one two; do run $i.$((1 + 1)); done", ["run …", "run …"]),
        ("for i in one two; do [ $i = two ] || continue; run $i; done", ["run two"]),
        ('f() { local x="$1"; run "$x" "$@"; }; f one two', ["run one one two"]),
        ("f() { return 1; }\nif f; then run; fi", []),
        ("run $(f() { echo a b; }; f) `echo c`", ["run a b c"]),
        ("n=${1%ure}.${NONE:-x}.${1:+y}.${1#con}; run $n", ["run config.x.y.figure"]),
        ("if command -v dpkg-thing >/dev/null; then run; fi", ["run"]),
        ("which other && run", []),
        ("[ -e /etc/known -a ! -d /etc/none ] && run", ["run"]),
        (
            "[ -d /etc/some.d ] && run /etc/some.d/*.conf",
            ["run /etc/some.d/a.conf /etc/some.d/b.conf"],
        ),
        ("for f in /etc/none.d/*; do [ -x $f ] || continue; run $f; done", []),
        ("getent passwd root && run; getent group us || run us", ["run", "run us"]),
        ('x=$(dpkg-query -W absent 2>/dev/null || true); [ -n "$x" ] && run', []),
        ("grep -q y /etc/known && run", ["? run"]),
        ("if grep -q y /etc/known; then a=1; else a=2; fi; run $a", ["run …"]),
        ("if ! mountpoint -q /proc; then exit 1; fi; run", ["run"]),
        ("grep -q y /etc/known && exit 0; run", ["? run"]),
        ("f() { grep -q y /etc/known && return; run; }; f; go", ["? run", "go"]),
        ("while read line; do run $line; done < /etc/known; go", ["? run …", "? run …", "go"]),
        ("cat > /etc/new <<-'EOF'\n\tone $x\n\tEOF\nrun", ["> /etc/new", "run"]),
        ("echo text >> /etc/known", ["> /etc/known"]),
        ("{ run; } >/dev/null 2>&1", ["run"]),
        ("( a=2; run $a ); run ${a}", ["run 2", "run"]),
        ("update-alternatives --list x | grep -q y || run", ["run"]),
        ("run \\\n  on # more\n", ["run on"]),
        ("set -- a b; shift; run $1 $#", ["run b 1"]),
        ('a=" x  y "; run -$a$a "$a" ${none}', ["run - x y x y  x  y "]),
        ("echo '#'; run a#b", ["run a#b"]),
        ("for i in a b; do echo $i; done > /etc/new", ["> /etc/new"]),
        ("if true; then echo a; fi > /etc/new", ["> /etc/new"]),
        ("x=1; f() { local x=2; run $x; }; f; run $x", ["run 2", "run 1"]),
        ("IFS=:; for p in $PATH; do [ -x $p/dpkg-thing ] && run $p; done", ["run /usr/bin"]),
        ('set -- a b; run "$*"', ["run a b"]),
        ("until [ -e /etc/known ]; do run; done; until false; do go; done", ["? go", "? go"]),
    ],
)
def test_what_a_first_installation_calls(text: str, expected: list[str]) -> None:
    """Conditions are decided where they can be; the rest is followed both ways, and marked."""
    assert called(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "if true; then run",
        "echo 'open",
        'echo "open',
        "cat <<END\nopen",
        "case x in y",
        "run )",
        "f() { f; }; f",
        "exit 3",
        "exec > /etc/new; echo text",
        "(" * 200 + ")" * 200,
        "echo " + "${a:-" * 200 + "}" * 200,
        "f() " * 200 + "{ run; }",
        "x" * (MAX_TEXT + 1),
        "a() { b; b; }; b() { c; c; }; c() { d; d; }; d() { e; e; }; "
        "e() { for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3 4 5 6 7 8 9; do g; done; done; }; "
        "g() { for i in 1 2 3 4 5 6 7 8 9; do run; done; }; a; a",
        "a=xxxxxxxx; " + "a=$a$a; " * 60,
        "set -- x y; " + 'set -- "$@" "$@"; ' * 60,
    ],
)
def test_scripts_that_cannot_be_followed(text: str) -> None:
    """Cut short, endless, deep or failing: said so, and soon."""
    with pytest.raises(Unreadable):
        called(text)


def test_other_languages_are_not_read() -> None:
    """A script of Perl's is none of the shell's."""
    with pytest.raises(Unreadable, match="no shell script"):
        trace(b"#!/usr/bin/perl\nexit 0;\n", (), "pack", Image())


def test_any_bytes_are_read_or_refused() -> None:
    """What is cut anywhere never does worse."""
    text = b'case "$1" in a|b) x=$(f "`g`" ${y#*z}) <<E || { h; } ;; esac\n$z\nE\n'
    text += b"for i in $@; do :; done"
    for end in range(len(text)):
        for part in (text[:end], text[end:]):
            with contextlib.suppress(Unreadable):
                read(part)


def made(
    files: Mapping[str, bytes] | None = None,
    places: Mapping[str, Entry] | None = None,
    texts: Mapping[str, bytes] | None = None,
    **control: bytes,
) -> tuple[dict[str, Unpacked], frozenset[str]]:
    """What the scripts of one package make, and what they remove."""
    own = {path: plain(path, data) for path, data in (files or {}).items()}
    below = Below(
        places=places or {}, texts={"etc/passwd": PASSWD, "etc/group": GROUP, **(texts or {})}
    )
    deb = Deb(files=tuple(own.values()), control=control)
    done = outcome({"pack": deb}, own, below, "amd64")
    return done.entries, done.removed


def postinst(text: str) -> bytes:
    """A script."""
    return f"#!/bin/sh\nset -e\n{text}\n".encode()


def test_folders_files_and_links() -> None:
    """With mode and owner; what is there already stays unless it is written over."""
    entries, _ = made(
        {"usr/share/p/template": b"a setting\n", "etc/there": b"old", "etc/over": b"old"},
        postinst=postinst(
            "[ -d /etc/p ] || mkdir -m 750 /etc/p\ntouch /etc/there /etc/p/lock\n"
            "echo text > /etc/p/text\nucf --three-way /usr/share/p/template /etc/p/conf\n"
            "ln -s ../p/text /etc/p/link\nln -s elsewhere /etc/p/link\necho new > /etc/over\n"
            "chown root:shadow /etc/p/text\nchmod 640 /etc/p/text\n"
            "rm -f /etc/none /tmp/x; rmdir /etc/nothing || true; touch /run/x"
        ),
    )
    made_there = ("etc/over", "etc/p", "etc/p/conf", "etc/p/link", "etc/p/lock", "etc/p/text")
    assert sorted(entries) == [*made_there]
    assert entries["etc/over"].data == b"new\n"
    assert (entries["etc/p"].kind, entries["etc/p"].mode) == (tarfile.DIRTYPE, 0o750)
    assert entries["etc/p/conf"].data == b"a setting\n"
    assert entries["etc/p/link"].target == "../p/text"
    text = entries["etc/p/text"]
    assert (text.data, text.mode, text.uid, text.gid) == (b"text\n", 0o640, 0, 42)


def test_files_are_found_through_links() -> None:
    """As in a system whose /lib is a link, by themselves and by patterns."""
    places = {
        "lib": Entry(tarfile.SYMTYPE, "usr/lib"),
        "usr/lib/a.so": Entry(tarfile.REGTYPE),
        "usr/lib/b.so": Entry(tarfile.SYMTYPE, "a.so"),
        "usr/lib/c.so": Entry(tarfile.SYMTYPE, "none"),
    }
    view = View(places, AccountTables({}), (), "amd64")
    assert view.matching("/lib/*.so") == ["/lib/a.so", "/lib/b.so", "/lib/c.so"]
    assert [view.kind(f"/lib/{name}.so", follow=True) for name in "abcd"] == [
        "file",
        "file",
        "",
        "",
    ]
    assert view.kind("/lib/c.so", follow=False) == "link"
    assert (view.kind("/lib", follow=True), view.kind("/", follow=True)) == ("folder", "folder")


def test_answers_of_debconf_are_the_defaults() -> None:
    """Of the package's own templates."""
    entries, _ = made(
        postinst=postinst(
            '. /usr/share/debconf/confmodule\ndb_get p/q\n[ "$RET" = yes ] && touch /etc/y'
        ),
        templates=b"Template: p/q\nType: boolean\nDefault: yes\nDescription: is it\n",
    )
    assert sorted(entries) == ["etc/y"]


def test_a_preinst_does_not_see_its_own_files() -> None:
    """They are unpacked after it; what it finds is an older version's."""
    script = b'#!/bin/sh\nif [ "$1" = install ] && [ -e /etc/own ]; then rm -f /etc/own; fi\n'
    assert made({"etc/own": b""}, preinst=script)[1] == frozenset()
    assert made({"etc/own": b""}, postinst=postinst("rm /etc/own"))[1] == {"etc/own"}


def test_system_accounts() -> None:
    """With the numbers that adduser and systemd-sysusers would choose."""
    entries, _ = made(
        {
            "usr/bin/agent": b"x",
            "usr/lib/sysusers.d/p.conf": b'u root 0\nu run - "Runs" /srv\ng team 150\n',
        },
        postinst=postinst(
            "getent group ag || addgroup --system ag\nchgrp ag /usr/bin/agent\n"
            "chmod 2755 /usr/bin/agent\nsystemd-sysusers p.conf none.conf\n"
            "adduser --system --quiet --home /nonexistent --no-create-home --group bus\n"
            "adduser --system --home /var/alone alone"
        ),
    )
    assert entries["etc/group"].data.decode() == GROUP.decode() + (
        "ag:x:100:\nrun:x:999:\nteam:x:150:\nbus:x:101:\n"
    )
    assert entries["etc/passwd"].data.decode() == PASSWD.decode() + (
        "run:x:999:999:Runs:/srv:/usr/sbin/nologin\n"
        "bus:x:100:101::/nonexistent:/usr/sbin/nologin\n"
        "alone:x:101:65534::/var/alone:/usr/sbin/nologin\n"
    )
    agent = entries["usr/bin/agent"]
    assert (agent.mode, agent.gid, agent.data) == (0o2755, 100, b"x")


def test_an_account_may_be_another_packages() -> None:
    """Its files are given to it whichever of them is set up first."""
    script = postinst("dpkg-statoverride --update --add root bus 4750 /usr/bin/a")
    own = plain("usr/bin/a", b"")
    debs = {
        "a": Deb(files=(own,), control={"postinst": script}),
        "b": Deb(files=(), control={"postinst": postinst("addgroup --system bus")}),
    }
    below = Below(texts={"etc/passwd": PASSWD, "etc/group": GROUP})
    entries = outcome(debs, {own.path: own}, below, "amd64").entries
    assert (entries[own.path].mode, entries[own.path].gid) == (0o4750, 100)


def test_tables_of_passwords_go_along() -> None:
    """Where the image has them, for root's eyes alone, without today's date."""
    tables = AccountTables(
        {"etc/passwd": PASSWD, "etc/group": GROUP, "etc/shadow": b"root:*:1::::::"}
    )
    for account in (*sysusers("# none\nr - 5\nu!  me  :x - - /bin/sh\nu"), Account(group="root")):
        tables.add(account)
    changed = dict(tables.changed())
    assert changed["etc/shadow"] == b"root:*:1::::::\nme:!:0::::::\n"
    assert b"me:x:999:999::/:/bin/sh\n" in changed["etc/passwd"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("frobnicate --all", "it calls frobnicate --all"),
        ("grep -q y /etc/known && touch /etc/x", "it calls touch /etc/x, perhaps"),
        ("touch $(date)", "it calls touch …"),
        ("touch ../etc/x", "no plain path"),
        ("mkdir /etc/../../x", "no plain path"),
        ("chmod -R 700 /etc", "it calls chmod -R 700 /etc"),
        ("mkdir -m u=rx /etc/p", "the mode u=rx"),
        ("dpkg-statoverride --update --add root root u+s /etc/own", "the mode u+s"),
        ("frobnicate /tmp/x", "it calls frobnicate /tmp/x"),
        ("chown nobody /etc/own", "nobody, whom nobody knows"),
        ("chmod 700 /usr/bin", "not its own"),
        ("cp /etc/none /etc/new", "/etc/none, which is not there"),
        ("update-alternatives --install /usr/bin/$(date) p /usr/bin/q 1", "update-alternatives"),
        ("update-alternatives --install /usr/bin/p ../p /usr/bin/q 1", "update-alternatives"),
        ("update-alternatives --install /usr/bin/p p /usr/bin/q", "update-alternatives"),
        ("update-alternatives --install /usr/bin/p p /../q 1", "update-alternatives"),
        ("adduser --system --uid 5 x", "it calls adduser"),
        ("adduser --system 'a:b'", "it calls adduser"),
        ("dpkg-divert --rename --divert /etc/a /etc/own", "dpkg-divert"),
        ("if true; then", "cannot be read"),
        ("systemd-sysusers broken.conf", "accounts are written as"),
    ],
)
def test_what_is_not_known_is_refused_with_its_words(text: str, says: str) -> None:
    """The package is named, and what it would do."""
    with pytest.raises(PlanError, match="embedded builder cannot: pack") as caught:
        made(
            {"etc/own": b"", "usr/lib/sysusers.d/broken.conf": b"u me - 'open\n"},
            postinst=postinst(text),
        )
    assert says in caught.value.message


def test_what_never_matters_is_passed_over() -> None:
    """Services, menus, former versions, tables that save time, an identity of the machine's own."""
    text = (
        'dpkg-maintscript-helper rm_conffile /etc/x 1.0-1 -- "$@"\nldconfig\nupdate-menus\n'
        "if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi\n"
        "deb-systemd-helper unmask x.service >/dev/null || true\npy3compile -p pack\n"
        "invoke-rc.d pack start || exit 1\ndbus-uuidgen --ensure\n"
        "update-alternatives --remove a /b\n"
        "dpkg-divert --package pack --remove --rename /usr/bin/x\nfc-cache -s >/dev/null\n"
    )
    assert made(postinst=postinst(text)) == ({}, frozenset())


@pytest.mark.parametrize("shipped", ["etc/adduser.conf", "usr/share/adduser/adduser.conf"])
def test_adduser_has_its_settings(shipped: str) -> None:
    """Bullseye's copies them, later ones bring them themselves."""
    own = plain(shipped, b"settings")
    done = outcome({"adduser": Deb(files=(own,), control={})}, {shipped: own}, Below(), "amd64")
    assert {shipped, *done.entries} >= {"etc/adduser.conf"}


def test_packages_that_only_their_programs_set_up() -> None:
    """Said before anything is fetched, with the reason."""
    refuse_known(["graphviz"])
    with pytest.raises(PlanError, match=r"tex-common \(TeX's formats .* by running TeX\)"):
        refuse_known(["graphviz", "tex-common"])


def test_alternatives_join_those_of_the_image() -> None:
    """The highest priority is taken; slaves that it lacks go."""
    before = alternatives.chosen(
        [
            Alternative(
                name="awk",
                link="/usr/bin/awk",
                path="/usr/bin/mawk",
                priority=5,
                slaves=(("nawk", "/usr/bin/nawk", "/usr/bin/mawk"), ("old", "/usr/bin/old", "/m")),
            )
        ]
    )
    link = Entry(tarfile.SYMTYPE, "/usr/bin/mawk")
    text = (
        "update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/gawk 10 "
        "--slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/gawk.1.gz "
        "--slave /usr/bin/nawk nawk /usr/bin/gawk"
    )
    entries, removed = made(
        places={"etc/alternatives/awk": link, "usr/bin/old": link},
        texts={"var/lib/dpkg/alternatives/awk": alternatives.record(before)},
        postinst=postinst(text),
    )
    assert entries["etc/alternatives/awk"].target == "/usr/bin/gawk"
    assert entries["usr/bin/nawk"].target == "/etc/alternatives/nawk"
    assert not any("man1" in path for path in entries)
    assert removed == {"usr/bin/old", "etc/alternatives/old"}
    kept = alternatives.read("awk", entries["var/lib/dpkg/alternatives/awk"].data)
    assert kept is not None
    assert [one.path for one in kept.candidates] == ["/usr/bin/gawk", "/usr/bin/mawk"]


def test_a_choice_by_hand_stays() -> None:
    """A higher priority does not win over it."""
    low = Alternative(name="x", link="/usr/bin/x", path="/a", priority=1)
    text = b"manual\n/usr/bin/x\n\n/a\n1\n\n"
    before = alternatives.read("x", text)
    high = Alternative(name="x", link="/usr/bin/x", path="/b", priority=9)
    choice = alternatives.chosen([high], before, "/a")
    assert choice.candidates == (low, high)
    assert alternatives.record(choice).startswith(b"manual\n")
    assert alternatives.read("x", b"auto\n/usr/bin/x") is None


def test_plugins_are_listed() -> None:
    """Those of Graphviz that are there; one that is not known is refused by name."""
    folder = "usr/lib/x86_64-linux-gnu/graphviz"
    found = {f"{folder}/libgvplugin_{name}.so.6": b"" for name in ("dot_layout", "core")}
    entries, _ = made(found, postinst=postinst("libgvc6-config-update -c"))
    table = entries[f"{folder}/config6a"].data.decode()
    assert table.index("libgvplugin_core.so.6 core {") < table.index("dot_layout {\n\tlayout {")
    assert "neato" not in table
    with pytest.raises(PlanError, match=r"plugin libgvplugin_new\.so\.6 is not known"):
        made({f"{folder}/libgvplugin_new.so.6": b""}, postinst=postinst("true"))
    loaders = "usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders"
    entries, _ = made({f"{loaders}/libpixbufloader-svg.so": b""})
    cache = entries["usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders.cache"].data.decode()
    assert cache.startswith(f'"/{loaders}/libpixbufloader-svg.so"\n"svg" 6')


def test_ghostscript_gets_its_map_of_fonts() -> None:
    """Made of the parts that packages bring."""
    entries, _ = made(
        {"etc/ghostscript/fontmap.d/b.conf": b"b\n", "etc/ghostscript/fontmap.d/a.conf": b"a\n"},
        postinst=postinst("update-gsfontmap"),
    )
    assert entries["var/lib/ghostscript/fonts/Fontmap"].data == b"a\nb\n"


def test_java_gets_the_certificates() -> None:
    """In a store of Java's own kind: two certificates, sealed with the password of all."""
    one = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"
    store = tables.keystore(one + one)
    assert store.startswith(bytes.fromhex("feedfeed0000000200000002"))
    assert store.count(b"\x00\x00\x00\x03\x01\x02\x03") == 2
    assert len(store) == 12 + 2 * (4 + 2 + 11 + 8 + 7 + 4 + 3) + 20
