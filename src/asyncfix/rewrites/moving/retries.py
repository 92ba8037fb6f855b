"""The transport that sends requests again: written into a project whose adapters did so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Import

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.workspace import Workspace

NAME = "RetryTransport"
ERROR = "RetryError"
REQUIRES = "urllib3>=1.26"
_TEXT = '''\
class {error}({httpx}.TransportError):
    """A status called for another try once too often."""


class {name}({httpx}.AsyncHTTPTransport):
    """Sends a request again when, and as often as, a `Retry` of urllib3 says."""

    def __init__(self, retry: {retry}, **options: {any}) -> None:
        super().__init__(**options)
        self.retry = retry

    async def handle_async_request(self, request: {httpx}.Request) -> {httpx}.Response:
        retry = self.retry
        while True:
            try:
                response = await super().handle_async_request(request)
            except (
                {httpx}.NetworkError,
                {httpx}.ConnectTimeout,
                {httpx}.ReadTimeout,
                {httpx}.RemoteProtocolError,
            ) as error:
                retry = self._after_error(retry, request, error)
                await {asyncio}.sleep(retry.get_backoff_time())
                continue
            after = bool(response.headers.get("Retry-After"))
            if not retry.is_retry(request.method, response.status_code, after):
                return response
            answer = {urllib3}.HTTPResponse(
                headers=dict(response.headers), status=response.status_code
            )
            try:
                retry = retry.increment(request.method, str(request.url), response=answer)
            except {urllib3}.exceptions.MaxRetryError as exhausted:
                if not retry.raise_on_status:
                    return response
                await response.aread()
                raise {error}(str(exhausted), request=request) from exhausted
            await response.aread()
            wait = retry.get_retry_after(answer) if retry.respect_retry_after_header else None
            await {asyncio}.sleep(wait or retry.get_backoff_time())

    def _after_error(
        self, retry: {retry}, request: {httpx}.Request, error: {httpx}.TransportError
    ) -> {retry}:
        """Return what is left of the tries; raise the error once none is."""
        told: {urllib3}.exceptions.HTTPError = {urllib3}.exceptions.ProtocolError(str(error))
        if isinstance(error, ({httpx}.ConnectError, {httpx}.ConnectTimeout)):
            told = {urllib3}.exceptions.ConnectTimeoutError(str(error))
        try:
            return retry.increment(request.method, str(request.url), error=told)
        except {urllib3}.exceptions.MaxRetryError:
            if isinstance(error, {httpx}.ReadTimeout):
                raise {httpx}.ReadError(str(error), request=request) from error
            raise error from None
        except {urllib3}.exceptions.HTTPError:
            raise error from None


'''


def transport(
    workspace: Workspace, path: str, httpx: str, retry: str
) -> tuple[str, tuple[Import, ...]]:
    """Return the classes that a file needs to send requests again, and what they need imported.

    Nothing is returned where the file has them already.
    """
    if re.search(rb"^class %s\b" % NAME.encode(), workspace.text(path).data, re.MULTILINE):
        return "", ()
    spelled: dict[str, str] = {}
    imports: list[Import] = []
    for module, name in (("asyncio", ""), ("urllib3", ""), ("typing", "Any")):
        known = workspace.imports(path).binding(Import("", module, name))
        spelled[(name or module).lower()] = known or name or module
        if not known:
            imports.append(Import(path, module, name))
    text = _TEXT.format(name=NAME, error=ERROR, httpx=httpx, retry=retry, **spelled)
    return text, tuple(imports)


def told(name: str, arguments: list[str], indent: str, width: int) -> str:
    """Return a call as code that begins at an indentation: on one row, or an argument on each."""
    row = f"{name}({', '.join(arguments)})"
    if "\n" not in row and len(indent) + len(row) <= width:
        return row
    inner = indent + "    "
    rows = "".join(f"{inner}{each},\n" for each in arguments)
    return f"{name}(\n{rows}{indent})"


def moved_to(text: str, indent: str) -> str:
    """Return code whose first row stands elsewhere with its other rows below an indentation."""
    first, *rest = text.split("\n")
    if not rest:
        return text
    own = _indent(rest[-1])
    return "\n".join([first, *_shifted(rest, own, indent)])


def _shifted(rows: list[str], own: str, indent: str) -> Iterator[str]:
    for row in rows:
        yield indent + row[len(own) :] if row.startswith(own) else row


def _indent(row: str) -> str:
    return row[: len(row) - len(row.lstrip())]
