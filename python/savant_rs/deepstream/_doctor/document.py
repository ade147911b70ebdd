"""The whole report as one document, which is what ``--json`` prints.

A value that cannot be found out is an object with the single key ``error``; ``deepstream`` has ``tried`` beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from savant_rs.deepstream._native import _doctor_report

from . import machine
from .codecs import examine_all
from .hints import hints

# Raised when a key changes its meaning or goes.
FORMAT = 1


def collect() -> dict[str, Any]:
    """Look at everything and decode a sample of each codec. Blocks for seconds where there is a GPU."""
    native = json.loads(_doctor_report())
    findings = examine_all()
    document: dict[str, Any] = {
        "format": FORMAT,
        "ok": all(finding.decoder for finding in findings),
        "distributions": machine.distributions(),
        "system": machine.system(),
        **machine.with_versions(native["machine"]),
        "gstreamer": native["gstreamer"],
        "codecs": [asdict(finding) for finding in findings],
    }
    document["hints"] = hints(document)
    return document


def error_of(value: object) -> str | None:
    """Why a value of the document is not known; None if it is."""
    return value["error"] if isinstance(value, dict) and "error" in value else None
