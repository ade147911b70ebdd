"""What the demonstration prints: the live table, the final table, and why the accounts do not balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from .stream import Stream

NS_PER_MS = 1e6


def skipped_total(stats: Mapping[str, Any]) -> int:
    """Skipped submits, all reasons together."""
    return sum(stats["skipped"].values())


def live_table(streams: Sequence[Stream]) -> Table:
    """One row a stream, made anew for each refresh."""
    table = Table(title="decoding")
    table.add_column("stream", no_wrap=True)
    for heading in ("in", "out", "in flight", "fps"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for stream in streams:
        stats, facts = stream.stats(), stream.facts
        counts = (stats["submitted"], facts.consumed, stats["in_flight"])
        state = "done" if facts.done else (stats["blocked_on"] or "running")
        table.add_row(stream.source_id, *map(str, counts), f"{facts.fps:.0f}", str(state))
    return table


def final_table(streams: Sequence[Stream]) -> Table:
    """One row a stream: what it was, what decoded it, what became of every submit."""
    table = Table(title="streams")
    for heading in ("stream", "codec", "size", "decoder"):
        table.add_column(heading, no_wrap=heading != "stream", overflow="fold")
    for heading in ("in", "delivered", "skipped", "errors", "lost", "fps", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    for stream in streams:
        stats, facts = stream.stats(), stream.facts
        decoder = f"{facts.decoder} ({'hardware' if facts.hardware else 'software'})" if facts.decoder else "-"
        latency = stats["latency_ns"] or {}
        table.add_row(
            stream.source_id,
            facts.codec,
            facts.size,
            decoder,
            str(stats["submitted"]),
            str(stats["delivered"]),
            _skipped_text(stats["skipped"]),
            str(stats["errors"]),
            str(stats["lost"]),
            f"{facts.fps:.0f}",
            _milliseconds(latency.get("p50")),
            _milliseconds(latency.get("p99")),
        )
    return table


def imbalances(streams: Sequence[Stream], batched: int) -> list[str]:
    """Why not every submitted frame is accounted for; empty when all are. `batched`: pictures in batches."""
    found = []
    delivered = sum(stream.stats()["delivered"] for stream in streams)
    if batched != delivered:
        found.append(f"{delivered} frames delivered, {batched} are in batches")
    for stream in streams:
        found += [f"{stream.source_id}: {text}" for text in _imbalances_of(stream.stats(), stream.facts.consumed)]
        found += [f"{stream.source_id}: {failure}" for failure in stream.facts.failures]
    return found


def notes(streams: Sequence[Stream]) -> list[str]:
    """What the decoders said about single frames, each text once a stream."""
    return [f"{stream.source_id}: {note}" for stream in streams for note in stream.facts.notes]


def _imbalances_of(stats: Mapping[str, Any], consumed: int) -> list[str]:
    skipped = skipped_total(stats)
    outcomes = stats["delivered"] + skipped + stats["errors"] + stats["lost"]
    checks = [
        (stats["submitted"] == outcomes, f"{stats['submitted']} frames submitted, {outcomes} have an outcome"),
        (stats["lost"] == 0, f"{stats['lost']} frames lost"),
        (stats["in_flight"] == 0, f"{stats['in_flight']} frames still in flight"),
        (stats["delivered"] > 0, "no frame was delivered"),
        (consumed == stats["delivered"], f"{stats['delivered']} frames delivered, {consumed} reached the consumer"),
    ]
    return [text for balanced, text in checks if not balanced]


def _skipped_text(skipped: Mapping[str, int]) -> str:
    reasons = [f"{count} {reason}" for reason, count in skipped.items() if count]
    return "\n".join(reasons) or "0"


def _milliseconds(nanoseconds: int | None) -> str:
    return "-" if nanoseconds is None else f"{nanoseconds / NS_PER_MS:.1f}"
