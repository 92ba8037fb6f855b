"""A relay to PostgreSQL that holds back what it is sent, and keeps the log that the server sends.

The database is one of its own, in which every connection logs each statement and gets the log.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import threading
from contextlib import suppress
from typing import Self

_HOST = os.environ.get("PGHOST", "127.0.0.1")
_PORT = int(os.environ.get("PGPORT", "5432"))
_LOGGED = re.compile(rb"M(?:statement|execute [^:\0]*): ([^\0]*)\0")
_SIZE = 1 << 16


def postgres() -> bool:
    """Tell whether there is a server."""
    with suppress(OSError, subprocess.SubprocessError):
        return _psql("postgres", "SELECT 1").returncode == 0
    return False


def _psql(database: str, *statements: str) -> subprocess.CompletedProcess[str]:
    commands = [part for each in statements for part in ("-c", each)]
    return subprocess.run(
        ["psql", "-h", _HOST, "-p", str(_PORT), "-U", "postgres", "-d", database, *commands],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


class Relay:
    """Listens on a free port of the loopback interface while its block runs."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.name = f"asyncfix_batching_{os.getpid()}"
        self.told: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Return where clients connect to."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{self.name}"

    @property
    def queries(self) -> int:
        """Count the queries between the last two marks."""
        begins = [at for at, each in enumerate(self.told) if "asyncfix begin" in each]
        ends = [at for at, each in enumerate(self.told) if "asyncfix end" in each]
        between = self.told[begins[-1] + 1 : ends[-1]]
        return sum(bool(re.match(r"\s*SELECT\b.*\bFROM\b", each, re.DOTALL)) for each in between)

    def __enter__(self) -> Self:
        """Make the database, and listen."""
        _psql(
            "postgres",
            f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)",
            f"CREATE DATABASE {self.name}",
            f"ALTER DATABASE {self.name} SET log_statement = 'all'",
            f"ALTER DATABASE {self.name} SET client_min_messages = 'log'",
        )
        self._thread.start()
        serving = asyncio.start_server(self._relay, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the database."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        _psql("postgres", f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    async def _end(self) -> None:
        mine = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in mine:
            each.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, down = await asyncio.open_connection(_HOST, _PORT)
        await asyncio.gather(
            self._pass(reader, down, self.latency, told=False),
            self._pass(upstream, writer, 0.0, told=True),
            return_exceptions=True,
        )

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        latency: float,
        *,
        told: bool,
    ) -> None:
        rest = b""
        with suppress(ConnectionError):
            while chunk := await reader.read(_SIZE):
                if told:
                    rest = self._noted(rest + chunk)
                await asyncio.sleep(latency)
                writer.write(chunk)
                await writer.drain()
        writer.close()

    def _noted(self, data: bytes) -> bytes:
        """Keep the statements in what the server has sent; return what may go on."""
        end = 0
        for found in _LOGGED.finditer(data):
            self.told.append(found[1].decode("utf-8", "replace"))
            end = found.end()
        return data[max(end, len(data) - _SIZE) :]
