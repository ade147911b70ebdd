#!/usr/bin/env python3
"""The counters of a pool for Prometheus, with nothing but the standard library.

    python examples/metrics.py tests/clips/h264_1080p.mp4 tests/clips/hevc_720p.mkv
    curl http://127.0.0.1:9464/metrics

Decodes the files at once and serves `/metrics` until it is interrupted (Ctrl-C). `--port 0` takes any free port.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from savant_rs.deepstream import FlexibleDecoderPool, FlexibleDecoderPoolConfig
from savant_rs.gstreamer import PacketReader

PREFIX = "savant_decoder"
COUNTERS = ("submitted", "delivered", "errors", "lost", "orphans")
POOL_SIZE = 8
IDLE_MS = 60_000


def escape(label: str) -> str:
    """As the text format of Prometheus wants it inside double quotes."""
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def samples(source: str, stats: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Name, labels and value of each number that a source has."""
    label = f'source="{escape(source)}"'
    for name in COUNTERS:
        yield f"{name}_total", label, stats[name]
    for reason, count in stats["skipped"].items():
        yield "skipped_total", f'{label},reason="{reason}"', count
    yield "in_flight", label, stats["in_flight"]
    for queue, depth in stats["queue_depths"].items():
        yield "queue_depth", f'{label},queue="{queue}"', depth
    if stats["pool"] is not None:
        yield "buffers", label, stats["pool"]["capacity"]
        yield "buffers_in_use", label, stats["pool"]["in_use"]
    if stats["latency_ns"] is not None:
        for quantile in ("p50", "p99"):
            yield "latency_seconds", f'{label},quantile="0.{quantile[1:]}"', stats["latency_ns"][quantile] / 1e9
    for waits_for in ("pool", "callback", "random_access"):
        yield "blocked", f'{label},on="{waits_for}"', float(stats["blocked_on"] == waits_for)


def exposition(stats: dict[str, Any]) -> str:
    """The text that Prometheus reads, grouped by name."""
    by_name: dict[str, list[str]] = {"evictions_total": [f"{PREFIX}_evictions_total {stats['evictions']}"]}
    for source, of_source in stats["sources"].items():
        for name, labels, value in samples(source, of_source):
            by_name.setdefault(name, []).append(f"{PREFIX}_{name}{{{labels}}} {value}")
    kinds = {name: "counter" if name.endswith("_total") else "gauge" for name in by_name}
    lines = [[f"# TYPE {PREFIX}_{name} {kinds[name]}", *found] for name, found in by_name.items()]
    return "".join(f"{line}\n" for group in lines for line in group)


def serve(pool: FlexibleDecoderPool, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = exposition(pool.stats()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """One line for each request would be too many."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def feed(pool: FlexibleDecoderPool, path: str) -> None:
    with PacketReader(path, path) as packets:
        for frame, data in packets:
            pool.submit(frame, data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--port", type=int, default=9464)
    options = parser.parse_args()
    pool = FlexibleDecoderPool(FlexibleDecoderPoolConfig(0, POOL_SIZE, IDLE_MS), lambda output: None)
    server = serve(pool, options.port)
    feeders = [threading.Thread(target=feed, args=(pool, path)) for path in options.files]
    for feeder in feeders:
        feeder.start()
    print(f"http://127.0.0.1:{server.server_port}/metrics", flush=True)
    try:
        for feeder in feeders:
            feeder.join()
        threading.Event().wait()
    except KeyboardInterrupt:
        server.shutdown()
        pool.shutdown()


if __name__ == "__main__":
    main()
