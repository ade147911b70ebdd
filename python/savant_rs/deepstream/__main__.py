"""The self-check: ``python -m savant_rs.deepstream``.

Prints what this machine is and which element decodes each codec on it. The exit status is 0 when every
codec can be decoded, else 1.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from ._doctor.codecs import Finding, examine_all
from ._doctor.machine import facts, hints


def codec_table(findings: list[Finding]) -> Table:
    """One row a codec."""
    table = Table(title="decoders", title_justify="left")
    for heading in ("codec", "decoder", "where"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        where = "hardware" if finding.hardware else "software"
        table.add_row(finding.codec, finding.decoder or "none", where if finding.decoder else finding.problem)
    return table


def fact_table() -> Table:
    """One row a fact about the machine."""
    table = Table(show_header=False, box=None)
    for name, value in facts():
        table.add_row(name, value)
    return table


def main() -> int:
    """Print the report; returns the exit status."""
    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(fact_table())
    findings = examine_all()
    console.print(codec_table(findings))
    for hint in hints():
        console.print(f"hint: {hint}", markup=False)
    return 0 if all(finding.decoder for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
