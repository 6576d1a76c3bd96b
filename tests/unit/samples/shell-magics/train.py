# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import os
import subprocess
import sys


def shell_lines(command):
    """The lines that a shell command prints, as !command gives them."""
    import subprocess

    printed = subprocess.run(
        command,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return printed.stdout.splitlines()


class timing:
    """%%time: print how long a block took."""

    def __enter__(self):
        import os
        import time

        self.begun = time.perf_counter(), os.times()

    def __exit__(self, *error):
        import os
        import time

        wall, cpu = time.perf_counter() - self.begun[0], os.times()
        user, system = cpu.user - self.begun[1].user, cpu.system - self.begun[1].system
        if error[0] is None:
            print(
                f"CPU times: user {user:.3g} s, sys: {system:.3g} s, total: {user + system:.3g} s"
            )
            print(f"Wall time: {wall:.3g} s")


def write_file(name, text, append=False):
    """%%writefile: write the text and say so."""
    import os

    name = os.path.expanduser(name)
    how = "Appending to" if append else "Overwriting" if os.path.exists(name) else "Writing"
    print(how, name)
    with open(name, "a" if append else "w", encoding="utf-8") as file:
        file.write(text)


# %% [markdown]
# # A notebook full of magics
#
# What people write in notebooks beside Python: install lines, timing, shell commands, a module written from a cell.

# %% [cell 2]
# %pip install --quiet tabulate  (the image holds what it installs)
# %load_ext autoreload  (left out: the script has no use for it)
# %autoreload 2  (left out: modules are loaded once)
# %matplotlib inline  (left out: figures are saved to /outputs/figures)

# %% [cell 3]
write_file("greetings.py", """\
def greet(name: str) -> str:
    return f"Hello, {name}!"
""")

# %% [cell 4]
from greetings import greet
from tabulate import tabulate

sys.displayhook(greet("world"))

# %% [cell 5]
with timing():
    total = sum(range(1_000_000))
    sys.displayhook(total)

# %% [cell 6]
names = shell_lines("printf 'ada\\ngrace\\n'")
print(tabulate([[n, len(n)] for n in names], headers=["name", "letters"]))

# %% [cell 7]
subprocess.run(["bash"], input='echo "the shell counts: $(seq 1 5 | paste -sd+ | xargs -I{} expr 1 + 2)"\n', encoding="utf-8", check=True)

# %% [cell 8]
os.environ["GREETING"] = "good morning"
print("env: GREETING=good morning")
import os

print(os.environ["GREETING"], greet(names[0]))
