"""The command ``savant-deepstream``, also ``python -m savant_rs.deepstream``.

``doctor``, which is what it does without a subcommand, prints what this machine has, which element decodes
each codec on it, and what to install for what is missing. The exit status is 0 when every codec can be
decoded, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from ._doctor import screen, stdout
from ._doctor.document import collect

DOCTOR = "doctor"


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The parsed command line; the subcommand may be left out."""
    parser = argparse.ArgumentParser(prog="savant-deepstream", description="Tools of savant_rs.deepstream.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    doctor = commands.add_parser(
        DOCTOR,
        help="say what this machine has and can decode (the default)",
        description="Says what this machine has, decodes a small sample of each codec, and tells what to install "
        "for what is missing. The exit status is 0 when every codec can be decoded, else 1.",
    )
    doctor.add_argument("--json", action="store_true", help="print one JSON document")
    has_command = any(not argument.startswith("-") or argument in ("-h", "--help") for argument in argv)
    return parser.parse_args(argv if has_command else [DOCTOR, *argv])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = arguments(sys.argv[1:] if argv is None else argv)
    with stdout.reserved() as output:
        document = collect()
        if options.json:
            json.dump(document, output, indent=2)
            output.write("\n")
        else:
            screen.show(document, output)
    return 0 if document["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
