"""What is known of the whole notebook while one of its cells is translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nb2image.notebook.files import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The same for every cell of a notebook."""

    bound: frozenset[str] = frozenset()
    """Every name that some cell binds to something else than the module, or IPython's
    ``display``, of that name."""
    defined: frozenset[str] = frozenset()
    """Every name that some cell binds at the top, imports of modules included."""
    known: frozenset[str] = frozenset()
    """Names that may have a value where a magic stands, so that ``{name}`` in it can mean it."""
    used: frozenset[str] = frozenset()
    """Every name that some cell reads."""
    words: frozenset[str] = frozenset()
    """Names, attributes, imported names, keywords and short texts of all cells."""
    modules: frozenset[str] = frozenset()
    """Every module that some cell imports, dotted."""
    imported: Mapping[str, str] = field(default_factory=dict)
    """What the names are that some cell imports from a module: ``module.name``."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Names whose text is known without running anything."""
    attributes: frozenset[tuple[str, str]] = frozenset()
    """(name, attribute) for every ``name.attribute`` that some cell reads."""
    magics: frozenset[str] = frozenset()
    """The names of all line magics; ``!`` and ``!!`` are the shell's."""
    extensions: frozenset[str] = frozenset()
    """What ``%load_ext`` loads in some cell."""
    asks_shell: bool = False
    """Whether some cell reads ``get_ipython`` for something else than a magic."""
    own_magics: bool = False
    """Whether a cell defines magics of its own."""
    parameters: frozenset[tuple[int | None, int | None]] = frozenset()
    """(cell, line) of each line that sets a parameter of the script."""
    coroutines: frozenset[str] = frozenset()
    """Names of the coroutine functions that some cell defines."""
    colab: bool = False
    """Whether the notebook was made in Colab."""
    service_paths: bool = False
    """Whether some text may be a path of Colab or Kaggle."""
    answered: bool = False
    """Whether answers to ``input()`` were given."""
    files: Files = field(default_factory=Files)
    """The project's files."""
    scripts: tuple[str, ...] = ()
    """Python files that some cell runs, as the code names them."""

    def module(self, name: str) -> str:
        """The name under which the script imports a standard module."""
        return f"{name}_" if name in self.bound else name

    def helper(self, name: str) -> str:
        """The name that a helper function has in the script."""
        return f"{name}_" if name in self.bound else name
