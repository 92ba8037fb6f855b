"""What moves a call to a thread in this project, and how it is spelled in one file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli

from asyncfix.project.program import TO_THREAD
from asyncfix.rewrites.names import bound

if TYPE_CHECKING:
    from pathlib import Path

    from asyncfix.findings import Import
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.workspace import Workspace

_WEB = ("fastapi", "starlette")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class ThreadCall:
    """A function that runs another in a thread; `keywords` tells whether it passes them on.

    `first` is what it takes before the function, with a comma.
    """

    name: str
    imports: tuple[Import, ...]
    keywords: bool
    first: str = ""

    @property
    def opening(self) -> str:
        """Return the call up to where the function goes."""
        return f"{self.name}({self.first}"


def thread_call(place: Place) -> ThreadCall:
    """Return what moves a call to a thread where a finding is."""
    workspace, path, scope = place.workspace, place.path, place.scope
    api = workspace.config.thread_api
    if api == "auto":
        api = "starlette" if _is_web(workspace, path) else "asyncio"
    if api == "starlette":
        for top in _WEB:
            module = f"{top}.concurrency"
            name, imports = bound(workspace, path, scope, module, "run_in_threadpool")
            if not imports:
                return ThreadCall(name, (), keywords=True)
        module = f"{_web_of(workspace, path)}.concurrency"
        name, imports = bound(workspace, path, scope, module, "run_in_threadpool")
        return ThreadCall(name, imports, keywords=True)
    if api == "anyio":
        name, imports = bound(workspace, path, scope, "anyio", "to_thread")
        return ThreadCall(f"{name}.run_sync", imports, keywords=False)
    if workspace.config.python < TO_THREAD:
        name, imports = bound(workspace, path, scope, "asyncio")
        executor = f"{name}.get_running_loop().run_in_executor"
        return ThreadCall(executor, imports, keywords=False, first="None, ")
    name, imports = bound(workspace, path, scope, "asyncio", "to_thread")
    if not imports:
        return ThreadCall(name, (), keywords=True)
    name, imports = bound(workspace, path, scope, "asyncio")
    return ThreadCall(f"{name}.to_thread", imports, keywords=True)


def _web_of(workspace: Workspace, path: str) -> str:
    """Return `fastapi` if the file, or else the project, has it, else `starlette`."""
    here = workspace.facts(path).imports
    if "fastapi" in here or "starlette" in here:
        return "fastapi" if "fastapi" in here else "starlette"
    return "fastapi" if "fastapi" in workspace.project.files.imports else "starlette"


def _is_web(workspace: Workspace, path: str) -> bool:
    """Tell whether a file may import Starlette: it does so, or the project never lacks it."""
    if any(top in workspace.facts(path).imports for top in _WEB):
        return True
    if workspace.project.thread_call != "run_in_threadpool(":
        return False
    required, optional = _dependencies(workspace.root) if workspace.root else (set(), set())
    if required & set(_WEB):
        return True
    return not optional & set(_WEB)


def _dependencies(root: Path) -> tuple[set[str], set[str]]:
    """Return the distributions that a project needs, and those that only its extras do."""
    required: set[str] = set()
    for path in sorted(root.glob("requirements*.txt")):
        rows = path.read_text(encoding="utf-8", errors="replace").splitlines()
        required |= _names(rows)
    optional: set[str] = set()
    try:
        table = tomli.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError):
        return required, optional
    project = table.get("project", {})
    required |= _names(project.get("dependencies", ()))
    for each in project.get("optional-dependencies", {}).values():
        optional |= _names(each)
    for name, told in table.get("tool", {}).get("poetry", {}).get("dependencies", {}).items():
        (optional if _is_optional(told) else required).add(name.lower())
    return required, optional


def _is_optional(told: Any) -> bool:  # noqa: ANN401 - a version or a table
    return isinstance(told, dict) and bool(told.get("optional"))


def _names(rows: Any) -> set[str]:  # noqa: ANN401 - what a TOML file holds
    found = (_NAME.match(str(row).strip()) for row in rows)
    return {match[0].lower().replace("_", "-") for match in found if match}
