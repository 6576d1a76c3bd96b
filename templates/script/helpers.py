"""Helper functions that nb2image writes at the head of a script, each only where it is called.

Each stands by itself: it imports what it needs inside, so that no name of the notebook can get
in its way. Works on Python 3.6 and later.
"""


def display(*objects):
    """Show each object as text, as display() in a notebook."""
    import sys

    for item in objects:
        if item is None:
            print(None)
        else:
            sys.displayhook(item)


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


def cd(folder, quiet=False):
    """%cd: change the working directory; a folder that is not there is only told of."""
    import os

    try:
        os.chdir(os.path.expanduser(folder))
    except OSError as error:
        print(error)
    else:
        if not quiet:
            print(os.getcwd())


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


def time_loops(statement, names, setup="pass", number=0, repeat=7, clock=None, quiet=False):
    """%timeit: run a statement in loops and print the mean time of one; names are its globals."""
    import statistics
    import timeit
    import types

    timer = timeit.Timer(statement, setup, clock or timeit.default_timer, globals=names)
    if not number:
        number = 1
        while timer.timeit(number) < 0.2 and number < 10**9:
            number *= 10
    runs = timer.repeat(repeat, number)
    each = [run / number for run in runs]
    mean, spread = statistics.mean(each), statistics.pstdev(each)
    scale, unit = 1e9, "ns"
    for larger, name in ((1e6, "µs"), (1e3, "ms"), (1, "s")):
        if mean * larger >= 1:
            scale, unit = larger, name
    if not quiet:
        print(
            f"{mean * scale:.3g} {unit} ± {spread * scale:.3g} {unit} per loop"
            f" (mean ± std. dev. of {repeat} runs, {number:,} loops each)"
        )
    return types.SimpleNamespace(
        average=mean,
        stdev=spread,
        best=min(each),
        worst=max(each),
        timings=each,
        all_runs=runs,
        loops=number,
        repeat=repeat,
    )


class profiling:
    """%%prun: print how often and how long each function of a block ran."""

    def __init__(self, *order, limits=()):
        self.order, self.limits = order or ("time",), limits

    def __enter__(self):
        import cProfile

        self.profile = cProfile.Profile()
        self.profile.enable()

    def __exit__(self, *error):
        self.profile.disable()
        import pstats

        pstats.Stats(self.profile).strip_dirs().sort_stats(*self.order).print_stats(*self.limits)


class Captured:
    """%%capture: keeps what a block prints, in stdout and stderr; show() prints it."""

    outputs = ()

    def __init__(self, stdout=True, stderr=True):
        import io

        self.streams = {}
        if stdout:
            self.streams["stdout"] = io.StringIO()
        if stderr:
            self.streams["stderr"] = io.StringIO()

    def __enter__(self):
        import sys

        self.before = {name: getattr(sys, name) for name in self.streams}
        for name, stream in self.streams.items():
            setattr(sys, name, stream)
        return self

    def __exit__(self, *error):
        import sys

        for name, stream in self.before.items():
            setattr(sys, name, stream)

    @property
    def stdout(self):
        return self.streams["stdout"].getvalue() if "stdout" in self.streams else ""

    @property
    def stderr(self):
        return self.streams["stderr"].getvalue() if "stderr" in self.streams else ""

    def __str__(self):
        return self.stdout

    def show(self):
        """Print what was kept."""
        import sys

        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)

    __call__ = show


def write_file(name, text, append=False):
    """%%writefile: write the text and say so."""
    import os

    name = os.path.expanduser(name)
    how = "Appending to" if append else "Overwriting" if os.path.exists(name) else "Writing"
    print(how, name)
    with open(name, "a" if append else "w", encoding="utf-8") as file:
        file.write(text)


def run_file(path, *arguments, names, module=False, main=True):
    """%run: run a Python file as a program of its own and take over the names that it binds.

    names are the script's globals.
    """
    import os
    import runpy
    import sys

    before = sys.argv, list(sys.path)
    sys.argv = [path, *arguments]
    name = "__main__" if main else os.path.splitext(os.path.basename(path))[0]
    try:
        if module:
            made = runpy.run_module(path, run_name=name, alter_sys=True)
        else:
            sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
            made = runpy.run_path(path, run_name=name)
    except SystemExit as end:
        if end.code:
            raise
        made = {}
    finally:
        sys.argv, sys.path[:] = before
    names.update((key, value) for key, value in made.items() if not key.startswith("__"))


class drive:
    """Google Drive in Colab: here a folder that is mounted, docker run -v DIR:/content/drive."""

    @staticmethod
    def mount(path, *ignored, **options):
        import os

        if not os.path.isdir(path):
            raise FileNotFoundError(f"nothing is mounted: docker run -v DIR:{path}")

    @staticmethod
    def flush_and_unmount(*ignored, **options):
        pass


class condacolab:
    """conda for Colab's own Python: what its lines install is in the image already."""

    @staticmethod
    def install(*ignored, **options):
        pass

    check = install_anaconda = install_from_url = install_mambaforge = install
    install_miniconda = install_miniforge = install


class files:
    """Colab's files: what the notebook offers for download is put into the outputs."""

    @staticmethod
    def download(path):
        import os
        import shutil

        folder = "/outputs" if os.access("/outputs", os.W_OK) else "outputs"
        os.makedirs(folder, exist_ok=True)
        print("saved", shutil.copy(path, folder))


class userdata:
    """Colab's secrets: environment variables of the container, docker run -e NAME."""

    @staticmethod
    def get(name):
        import os

        return os.environ[name]


class UserSecretsClient:
    """Kaggle's secrets: environment variables of the container, docker run -e NAME."""

    @staticmethod
    def get_secret(name):
        import os

        return os.environ[name]


def cv2_imshow(image):
    """Colab's display of a picture of OpenCV: a file in the outputs."""
    import os

    import cv2

    folder = "/outputs" if os.access("/outputs", os.W_OK) else "outputs"
    os.makedirs(folder, exist_ok=True)
    number = len(os.listdir(folder)) + 1
    cv2.imwrite(os.path.join(folder, f"cv2_imshow-{number:03d}.png"), image)
