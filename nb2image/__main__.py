"""``python -m nb2image`` and the ``nb2image`` command."""

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from nb2image.cli import main as cli_main

    sys.exit(cli_main(sys.argv[1:]))


if __name__ == "__main__":
    main()
