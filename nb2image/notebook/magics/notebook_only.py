"""Magics that only serve the notebook: dropped with a note, or refused when they need a person."""

from __future__ import annotations

DROPPED = {
    "aimport": "modules are loaded once",
    "autoawait": "awaiting works as it stands",
    "autocall": "it changes how input is typed",
    "automagic": "it changes how input is typed",
    "autoreload": "modules are loaded once",
    "autosave": "there is no notebook to save",
    "clear": "it clears the screen",
    "colors": "it colours the terminal",
    "config": "it sets up the notebook",
    "gui": "there is no window",
    "hist": "it shows what was typed",
    "history": "it shows what was typed",
    "killbgscripts": "it ends what the notebook began",
    "lsmagic": "it lists the notebook's magics",
    "magic": "it shows help",
    "man": "it shows help",
    "matplotlib": "figures are saved to /outputs/figures",
    "notebook": "there is no notebook to save",
    "pdb": "nobody is there to debug",
    "pdef": "it shows help",
    "pdoc": "it shows help",
    "pfile": "it shows help",
    "pinfo": "it shows help",
    "pinfo2": "it shows help",
    "pprint": "it sets up the notebook",
    "precision": "numbers are shown as Python shows them",
    "psearch": "it shows help",
    "psource": "it shows help",
    "quickref": "it shows help",
    "reset": "a run begins without variables",
    "reset_selective": "a run begins without variables",
    "tb": "it shows the last error again",
    "tensorboard": "nothing waits for a browser",
    "tensorflow_version": "the requirements say the version",
    "unalias": "it changes how input is typed",
    "who": "it lists variables",
    "who_ls": "it lists variables",
    "whos": "it lists variables",
    "xmode": "it sets how errors are shown",
}

REFUSED = {
    "connect_info": "it shows how to connect to the notebook's kernel",
    "cpaste": "it waits for a person",
    "debug": "it waits for a person",
    "ed": "it opens an editor",
    "edit": "it opens an editor",
    "macro": "it runs what was typed before",
    "page": "it waits for a person",
    "paste": "it waits for a person",
    "pastebin": "it runs what was typed before",
    "qtconsole": "it opens a window",
    "recall": "it runs what was typed before",
    "rep": "it runs what was typed before",
    "rerun": "it runs what was typed before",
    "save": "it writes what was typed before",
}

EXTENSIONS = {
    "autoreload",
    "blackcellmagic",
    "google.colab.data_table",
    "jupyter_ai",
    "jupyter_black",
    "jupyternotify",
    "lab_black",
    "nb_black",
    "nb_mypy",
    "pycodestyle_magic",
    "rpy2.ipython",
    "ruff_jupyter",
    "tensorboard",
    "tensorboard.notebook",
}
"""Extensions of the editor and the browser, and R's, whose magics are refused where they stand."""

SHOWN_ONLY = {"HTML", "SVG", "html", "javascript", "js", "latex", "markdown", "svg"}
"""Cell magics whose body is shown in the browser and does nothing else."""

OTHER_LANGUAGES = {
    "R": "R",
    "fortran": "Fortran",
    "julia": "Julia",
    "matlab": "MATLAB",
    "octave": "Octave",
    "pypy": "PyPy",
    "python2": "Python 2",
    "scala": "Scala",
    "spark": "Spark",
    "stata": "Stata",
}
"""Cell and line magics that run another language than the image has."""
