"""What moves: the files, the sessions and their names in code, and all that changes with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncfix.findings import Import
from asyncfix.rewrites.moving.code import codes
from asyncfix.rewrites.moving.patches import Patches

if TYPE_CHECKING:
    from asyncfix.packs import Port
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.uses import Turned
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node


@dataclass
class Move:
    """A move under way; `home` is the file that makes the sessions.

    `classes` are the names of those that keep them; `forwarded` holds the functions whose
    `**kwargs` have been looked at.
    """

    workspace: Workspace
    library: str
    port: Port
    home: str
    turned: Turned
    patches: Patches = field(default_factory=Patches)
    imports: dict[Import, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    requires: dict[str, None] = field(default_factory=dict)
    forwarded: set[int] = field(default_factory=set)
    classes: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """Return the module that code moves to."""
        configured = self.workspace.config.http_client
        return configured if self.port.to == "httpx" else self.port.to

    def code(self, path: str) -> Code:
        """Return a file's code."""
        return codes(self.workspace, path)

    def spelled(self, path: str) -> str:
        """Return what a file calls the module that code moves to, and have it imported."""
        return self.bound(path, self.target)

    def bound(self, path: str, module: str, name: str = "") -> str:
        """Return what a file calls a module or one of its names, and have it imported."""
        known = self.workspace.imports(path).binding(Import("", module, name))
        if known:
            return known
        taken = (name or module) in self.workspace.facts(path).names
        wanted = Import(path, module, name, f"_{name or module}" if taken else "")
        self.imports[wanted] = None
        return wanted.alias or name or module

    def short(self, code: Code, node: Node) -> str:
        """Return what a name is called within the library: `Session`, `exceptions.Timeout`."""
        full = code.full_name(node)
        top, _, rest = full.partition(".")
        return rest if top == self.library else ""

    def last(self, code: Code, node: Node) -> str:
        """Return the last part of a name of the library."""
        return self.short(code, node).rpartition(".")[2]
