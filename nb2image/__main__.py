"""``python -m nb2image`` and the ``nb2image`` command."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # what a command makes lives until its end: to look for garbage seldom is enough
    gc.set_threshold(100_000, 50, 50)
    # httpx would import its own command line, and with it a reader of Markdown
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    from nb2image.cli import main as cli_main

    sys.exit(cli_main(sys.argv[1:]))


if __name__ == "__main__":
    main()
