"""Servers of HTTP for tests: one that answers every method alike, on a free port."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHUT = 0.01  # seconds in which a server notices that it is to end


class Answering(http.server.BaseHTTPRequestHandler):
    """Calls `_answer` for every request."""

    def _answer(self) -> None:
        raise NotImplementedError

    def body(self) -> str:
        """Return what was sent."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")

    def told(self, *names: str) -> dict[str, str | None]:
        """Return some of the headers that were sent."""
        return {name: self.headers[name] for name in names}

    def reply(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        """Send an answer; its type is JSON unless the headers tell another."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # whoever asked may no longer wait
                self.wfile.write(data)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Answer every method alike."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def listening(handler: type[Answering]) -> Iterator[str]:
    """Serve for as long as the block runs; give the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(SHUT,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
