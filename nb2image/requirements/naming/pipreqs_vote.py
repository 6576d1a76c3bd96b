"""pipreqs's vote on names: its table of import names, asked for one import at a time.

pipreqs itself scans whole files and stops at the first that does not parse; asked for our own
per-cell imports it cannot. Its versions are never used. It is absent on Python 3.13 and later.
"""

from __future__ import annotations

from functools import lru_cache

from packaging.utils import canonicalize_name


@lru_cache(maxsize=1024)
def vote(module: str) -> str:
    """The distribution that pipreqs maps a module's top-level name to.

    Empty where pipreqs has no entry or is not installed.
    """
    try:
        from pipreqs.pipreqs import get_pkg_names
    except ImportError:
        return ""
    top = module.partition(".")[0]
    found = next(iter(get_pkg_names([top])), top)
    return "" if found == top else str(canonicalize_name(found))
