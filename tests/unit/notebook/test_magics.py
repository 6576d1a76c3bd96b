"""What each magic and shell line becomes, and which are refused."""

from __future__ import annotations

import pytest

from nb2image.errors import NotebookError
from tests.unit.notebook.build import body, cell, script


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("!ls -l", 'subprocess.run("ls -l", shell=True)'),
        ("!echo $HOME {x}", 'subprocess.run("echo $HOME {x}", shell=True)'),
        ("n = 1\n!echo $n {n + 1}", 'n = 1\nsubprocess.run(f"echo {n} {n + 1}", shell=True)'),
        ("n = 1\n!echo {n} $PATH", 'n = 1\nsubprocess.run("echo {n} $PATH", shell=True)'),
        ("n = 1\n!echo '$n' $$x", "n = 1\nsubprocess.run(\"echo '$n' $x\", shell=True)"),
        ("x = !ls\nprint(x)", 'x = shell_lines("ls")\nprint(x)'),
        ("n = 'a'\n!echo {n!r:>5} {n[0]}", 'subprocess.run(f"echo {n!r:>5} {n[0]}", shell=True)'),
        ("n = 'a'\n!echo \"{n}\"", "subprocess.run(f'echo \"{n}\"', shell=True)"),
        (
            'n = {}\n!echo "{n[\'a\']}" {n["b"]}',
            """'echo "{}" {}'.format((n['a']), (n["b"]))""",
        ),
        ("[n for n in (1,)]\n!echo {n}", 'subprocess.run("echo {n}", shell=True)'),
        ("def f(n):\n    pass\n!echo {n}", 'subprocess.run("echo {n}", shell=True)'),
        ("def f(n):\n    !echo {n}", 'subprocess.run(f"echo {n}", shell=True)'),
        ("import os\n!echo {os.sep}", 'subprocess.run(f"echo {os.sep}", shell=True)'),
        ("n = 1\n!echo {n", 'subprocess.run("echo {n", shell=True)'),
        ("n = 1\n!echo {} {n}", 'subprocess.run("echo {} {n}", shell=True)'),
        ("n = 1\n!echo {n:{n}}", 'subprocess.run("echo {n:{n}}", shell=True)'),
        ("n = 1\n!echo {n +}", 'subprocess.run("echo {n +}", shell=True)'),
        ("!!ls", 'sys.displayhook(shell_lines("ls"))'),
        ("%%!\nls\npwd", 'sys.displayhook(shell_lines("ls\\npwd"))'),
        ("x = !pip install numpy", "x = []"),
        ("x = %ls", 'x = shell_lines("ls -F")'),
        ("%uv pip install numpy", "# %uv pip install numpy  (the image holds what it installs)"),
        ("%sx ls", 'sys.displayhook(shell_lines("ls"))'),
        ("x = %sx ls\nprint(x)", 'x = shell_lines("ls")\nprint(x)'),
        ("!apt-get install -y x && echo done", 'subprocess.run("echo done", shell=True)'),
        ("if 1:\n    !ls", 'if 1:\n    subprocess.run("ls", shell=True)'),
        ("!ls\nprint(_exit_code)", '_exit_code = subprocess.run("ls", shell=True).returncode'),
        ("%ls", 'subprocess.run("ls -F", shell=True)'),
        ("%mkdir -p a/b", 'subprocess.run("mkdir -p a/b", shell=True)'),
        ("%cat a.txt", 'subprocess.run("cat a.txt", shell=True)'),
        ("%cd ..", 'cd("..")'),
        ("%cd -q 'a b'", 'cd("a b", quiet=True)'),
        ("%cd", 'cd("~")'),
        ("%pwd", "sys.displayhook(os.getcwd())"),
        ("x = %pwd\nx;", "x = os.getcwd()\nx;"),
        ("%env", "sys.displayhook(dict(os.environ))"),
        ("%env A", 'sys.displayhook(os.environ["A"])'),
        ("%env A=b c", 'os.environ["A"] = "b c"\nprint("env: A=b c")'),
        ("%set_env A b", 'os.environ["A"] = "b"\nprint("env: A=b")'),
        ("x = 1\n%env A={x}", 'x = 1\nos.environ["A"] = f"{x}"\nprint(f"env: A={x}")'),
        ("%time x = f()", "with timing():\n    x = f()"),
        ("%time f()", "with timing():\n    sys.displayhook(f())"),
        ("%time", "# %time"),
        ("%timeit", "# %timeit"),
        (
            "%timeit -c -q -n 1 f()",
            'clock=__import__("time").process_time, quiet=True, number=1)',
        ),
        ("%timeit -qn 2 f()", 'time_loops("-qn 2 f()", globals())'),
        ("%%timeit -r 2 a = 1\na", 'setup="a = 1", repeat=2)'),
        ("%%prun -s calls -s time x = 1\nf()", 'profiling("calls", "time"):\n    x = 1\n    f()'),
        ("%prun -l f -l 0.5 f()", 'profiling(limits=("f", 0.5,)):'),
        ("%run -t a.py", "with timing():\n    run_file("),
        ("%time f();", "with timing():\n    f()"),
        ("%time f()\n1;", "with timing():\n    f()\n1;"),
        ("x = %time f()", "with timing():\n    x = f()"),
        ("%time !ls", 'with timing():\n    subprocess.run("ls", shell=True)'),
        ("%%time\na = '''x\ny'''\na", "with timing():\n    a = '''x\ny'''\n    sys.displayhook(a)"),
        ("%%time\na;", "with timing():\n    a;"),
        ("%%time\n!ls", 'with timing():\n    subprocess.run("ls", shell=True)'),
        (
            "%%time\n%%capture\na",
            "with timing():\n    with Captured():\n        sys.displayhook(a)",
        ),
        ("%timeit -n 10 -r3 f(x)", 'time_loops("f(x)", globals(), number=10, repeat=3)'),
        ("t = %timeit -o f(x)", 't = time_loops("f(x)", globals())'),
        ("%%timeit a = 1\na", 'time_loops("a\\n", globals(), setup="a = 1")'),
        (
            "def f(a):\n    %timeit a",
            'def f(a):\n    time_loops("a", {**globals(), **locals()})',
        ),
        ("%%capture\n1", "with Captured():\n    sys.displayhook(1)"),
        ("%%capture out --no-stderr\n1;", "with Captured(stderr=False) as out:\n    1;"),
        ("%%capture\n!ls", 'with Captured():\n    print("\\n".join(shell_lines("ls")))'),
        ("%%capture\n!pip install x", "with Captured():\n    pass"),
        ("%prun -s calls f()", 'with profiling("calls"):\n    f()'),
        ("%%prun -l 5\nf()", "with profiling(limits=(5,)):\n    f()"),
        (
            "%%bash\nls",
            'subprocess.run(["bash"], input="ls\\n", encoding="utf-8", check=True)',
        ),
        (
            "%%sh --no-raise-error\nls\npwd",
            'subprocess.run(["sh"], input="""\\\nls\npwd\n""", encoding="utf-8")',
        ),
        (
            "%%bash --out x\nls",
            'x = subprocess.run(["bash"], input="ls\\n", encoding="utf-8",'
            " stdout=subprocess.PIPE, check=True)\nx = x.stdout",
        ),
        (
            "%%bash --out a --err b\nls",
            " stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)\n"
            "a, b = a.stdout, a.stderr",
        ),
        (
            "%%bash --err b\nls",
            " stderr=subprocess.PIPE, check=True)\nb = b.stderr",
        ),
        (
            "%%script awk -f\n{}",
            'subprocess.run(["awk", "-f"], input="{}\\n", encoding="utf-8", check=True)',
        ),
        ("%%writefile a.txt\nhi", 'write_file("a.txt", "hi\\n")'),
        ("%%file -a a.txt\nhi", 'write_file("a.txt", "hi\\n", append=True)'),
        ("%run a.py 1", 'run_file("a.py", "1", names=globals())'),
        ("%run -n a", 'run_file("a.py", names=globals(), main=False)'),
        ("%run -m a.b", 'run_file("a.b", names=globals(), module=True)'),
        ("%run -i a.py", 'exec(compile(open("a.py").read(), "a.py", "exec"))'),
        ("%%html\n<b>", "# %%html\n# <b>"),
        ("%%javascript\nalert()", "# %%javascript\n# alert()"),
        ("%%latex\n$x$", "# %%latex\n# $x$"),
        ("%%markdown\n*x*", "# %%markdown\n# *x*"),
        ("x = 1\n%xdel x", "x = 1\ndel x"),
        (
            "%pylab --no-import-all",
            "import numpy\nimport matplotlib\nfrom matplotlib import pylab, mlab, pyplot\n"
            "np = numpy\nplt = pyplot",
        ),
    ],
)
def test_meaning(source: str, expected: str) -> None:
    """Behaviour is kept, with the standard library where that reads well."""
    made = script(source, "print(1)")
    compile(made.text, "train.py", "exec")
    assert expected in body(made)


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "%matplotlib notebook",
        "%config InlineBackend.figure_format = 'retina'",
        "%load_ext autoreload",
        "%load_ext tensorboard",
        "%unload_ext sql",
        "%store x",
        "%autoreload 2",
        "%precision 3",
        "%who",
        "%whos DataFrame",
        "%history -n",
        "%reset -f",
        "len?",
        "len??",
        "?len",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "get_ipython().magic('matplotlib inline')",
    ],
)
def test_dropped(line: str) -> None:
    """What only serves the notebook stays as a comment, with a note."""
    made = script(line, "print(1)")
    assert body(made).startswith("# ")
    assert "(left out: " in body(made)
    assert [f.code for f in made.findings] == ["magic-dropped"]
    nested = script(f"if True:\n    {line}", "print(1)")
    compile(nested.text, "train.py", "exec")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("%debug", "magic"),
        ("%edit x", "magic"),
        ("%recall 3", "magic"),
        ("%store -r x", "magic"),
        ("!sleep 100 &", "magic"),
        ("%nosuchmagic", "magic-unknown"),
        ("%%nosuchmagic\nx", "magic-unknown"),
        ("%sql select 1", "magic-unknown"),
        ("%load_ext not-a-name", "magic"),
        ("%set_env A", "magic"),
        ("%xdel 3", "magic"),
        ("x = %time y = 1", "magic"),
        ("%timeit -p3 -z 5 f()", "magic"),
        ("%%timeit -z 5\nf()", "cell-magic"),
        ("%%script\nls", "magic"),
        ("%%bash --out 1x\nls", "magic"),
        ("%%bash 'a\nls", "magic"),
        ("%%capture 1x\nls", "cell-magic"),
        ("%%debug\nls", "cell-magic"),
        ("%run 'a", "magic"),
        ("if 1:\n    %load a.py", "magic"),
        ("%%R\nx", "other-language"),
        ("%R x", "other-language"),
        ("%%julia\nx", "other-language"),
        ("%%python2\nprint 1", "other-language"),
        ("%%bash --bg\nx", "magic"),
        ("%%capture a b c\nx", "cell-magic"),
        ("%%writefile\nx", "cell-magic"),
        ("%%time x\nx", "cell-magic"),
        ("%run", "magic"),
        ("%run -d x.py", "magic"),
    ],
)
def test_refused(source: str, code: str) -> None:
    """What cannot be done is refused with its cell and a reason."""
    with pytest.raises(NotebookError) as caught:
        script("x = 1", source)
    assert [(f.code, f.place and f.place.cell) for f in caught.value.findings] == [(code, 2)]


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["%load_ext sql", "%sql select 1"], "get_ipython().run_line_magic('sql', 'select 1')"),
        (["%load_ext sql", "%%sql\nselect 1"], 'get_ipython().run_cell_magic("sql", "", '),
        (
            ["%load_ext line_profiler", "%lprun -f f f(1)"],
            "get_ipython().run_line_magic('lprun', '-f f f(1)')",
        ),
        (["x = !ls\nx.n"], "get_ipython().getoutput('ls')"),
        (["%cd -"], "get_ipython().run_line_magic('cd', '-')"),
        (["x = %prun -r f()"], "x = get_ipython().run_line_magic('prun', '-r f()')"),
        (["%%prun -D x\nf()"], 'get_ipython().run_cell_magic("prun", "-D x", '),
        (["%run -p a.py"], "get_ipython().run_line_magic('run', '-p a.py')"),
        (["import magic_things", "%shout x"], "get_ipython().run_line_magic('shout', 'x')"),
        (["import holoviews as hv", "%%opts Curve\nx"], 'run_cell_magic("opts", "Curve", '),
        (["@register_line_magic\ndef f(x):\n    pass", "%f"], "run_line_magic('f', '')"),
        (["%alias a ls"], "get_ipython().run_line_magic('alias', 'a ls')"),
        (["ip = get_ipython()\nip.ast_node_interactivity"], "ip = get_ipython()"),
    ],
)
def test_a_real_shell(cells: list[str], kept: str) -> None:
    """Magics of others run on a real IPython shell, which becomes a requirement."""
    made = script(*cells)
    assert kept in made.text
    assert "# a real IPython shell runs" in made.text
    assert [name for name, _ in made.extra_requirements] == ["ipython"]
    compile(made.text, "train.py", "exec")


def test_an_extension_is_imported_and_loaded() -> None:
    """``%load_ext`` becomes what it does, so that its package is seen by its import."""
    made = script("%load_ext memory_profiler", "%memit f()")
    assert body(made) == (
        "import memory_profiler as memory_profiler_extension\n"
        "memory_profiler_extension.load_ipython_extension(get_ipython())\n"
    )


def test_a_plain_notebook_has_no_shell_and_no_helper() -> None:
    """A notebook without magics gives a script without helper, ipython or extra import."""
    made = script("import os\nprint(os.sep)")
    assert made.extra_requirements == ()
    assert made.text.count("import") == 1
    assert "def " not in made.text


def test_names_of_the_notebook_are_respected() -> None:
    """A helper, or a standard module, whose name the notebook uses itself gets another one."""
    made = script("cd = os = 1", "%cd x", "%pwd")
    assert body(made, 2) == 'cd_("x")\n'
    assert "def cd_(" in made.text
    assert body(made, 3) == "sys.displayhook(os_.getcwd())\n"
    assert "import os as os_" in made.text


@pytest.mark.parametrize(
    "hostile",
    ['"""', "'''", '\\"""\n\\', "a\x0cb", "\u2028import os", "\\N{BEL}", "{x}{{", '"' * 7, "\\"],
)
@pytest.mark.parametrize("magic", ["%%writefile x", "%%bash", "%%timeit", "%%script cat"])
def test_a_body_stays_a_string(magic: str, hostile: str) -> None:
    """Whatever the body of a magic holds, the script is one statement around it."""
    made = script(f"{magic}\nfirst\n{hostile}\nlast")
    import ast

    tree = ast.parse(made.text)
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    assert any(isinstance(t, str) and t.strip().endswith("last") and hostile in t for t in texts)


def test_a_cell_of_installs_in_shell_script() -> None:
    """Install lines of ``%%bash`` become requirements, the other lines stay."""
    made = script("%%bash\npip install a \\\n  b\necho x\napt-get install -y c")
    assert [i.requirement for i in made.installs] == ["a", "b", "c"]
    assert 'input="echo x\\n"' in body(made)


def test_magics_in_markdown_and_strings_are_none() -> None:
    """Only IPython's syntax counts, not what looks like it."""
    made = script(cell("%%time", "markdown"), 'x = """\n%time\n!ls\n"""\ny = 5\\\n%3')
    assert "with timing" not in made.text
    assert "%time\n!ls" in body(made, 2)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("pip install numpy", "# %pip install numpy"),
        ("%%capture\npip install numpy", "with Captured():\n    pass"),
        ("cd ..", 'cd("..")'),
        ("ls", 'subprocess.run("ls -F", shell=True)'),
        ("pwd", "sys.displayhook(os.getcwd())"),
        ("matplotlib inline", "# %matplotlib inline"),
        ("time f()", "with timing():\n    sys.displayhook(f())"),
    ],
)
def test_automagic(source: str, expected: str) -> None:
    """In a cell of one line IPython needs no mark."""
    made = script(source, "print(1)")
    assert expected in body(made)
    assert ('sys.path.insert(0, "")' in made.text) == source.startswith("cd")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["ls = [1]", "ls"], "sys.displayhook(ls)"),
        (["import time", "time"], "sys.displayhook(time)"),
        (["run = 3", "run (1)"], "sys.displayhook(run (1))"),
        (["x = 1", "ls = 4"], "ls = 4"),
        (["x = 1", "cat\nx"], "cat\nsys.displayhook(x)"),
    ],
)
def test_no_automagic(cells: list[str], expected: str) -> None:
    """A name that the notebook binds, and anything that is Python, stays itself."""
    assert body(script(*cells), 2) == f"{expected}\n"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("x = !echo it's $HOME", "x"),
        ("x=!ls", "x"),
        ("a, b = !ls", "a, b"),
        ("x[0] = !ls", "x[0]"),
        ("f(a=1).y = !ls", "f(a=1).y"),
        ("x = !ls \\\n  -l", "x"),
    ],
)
def test_assignments_from_the_shell(source: str, target: str) -> None:
    """Whatever is assigned to, on every Python."""
    assert body(script(source)).startswith(f"{target} = shell_lines(")


def test_an_inequality_is_no_shell_line() -> None:
    """``!=`` stays Python, also where another line is IPython's."""
    assert "y = x != 3" in body(script("x = 1\ny = x != 3\n%time x"))
