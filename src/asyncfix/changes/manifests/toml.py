"""pyproject.toml: lists of PEP 621, dependency groups, pdm and uv, and the tables of poetry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix.changes.manifests.names import Listing, normal, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ARRAYS = ("project.optional-dependencies", "dependency-groups", "tool.pdm.dev-dependencies")
_OPERATORS = "<>=!~"


def listings(path: str, text: str) -> list[Listing]:
    """Return the lists of requirements that a pyproject.toml has."""
    document = _parsed(text)
    if document is None:
        return []
    return [
        Listing(path, label, label in _MAIN, tuple(name for name in _names(found) if name))
        for label, found in _lists(document)
    ]


_MAIN = ("project.dependencies", "tool.poetry.dependencies")


def edited(_path: str, text: str, changes: Mapping[str, tuple[list[str], list[str]]]) -> str:
    """Return the text with requirements added to and names removed from some of its lists."""
    import tomlkit  # noqa: PLC0415 - only where a manifest changes

    document = tomlkit.parse(text)
    for label, found in _lists(document):
        adds, removes = changes.get(label, ([], []))
        for requirement in adds:
            if hasattr(found, "insert"):
                _insert(found, requirement, removes)
            else:
                name, constraint = _divided(requirement)
                found.append(name, constraint)
        for name in removes:
            _remove(found, name)
    return tomlkit.dumps(document)


def _parsed(text: str) -> Any:  # noqa: ANN401 - tomlkit's own kinds
    import tomlkit  # noqa: PLC0415 - as above
    from tomlkit.exceptions import ParseError  # noqa: PLC0415 - as above

    try:
        return tomlkit.parse(text)
    except ParseError:
        return None


def _lists(document: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Return the lists and tables of requirements by their place, the main ones first."""
    dependencies = _at(document, "project.dependencies")
    if isinstance(dependencies, list):
        yield "project.dependencies", dependencies
    poetry = _at(document, "tool.poetry.dependencies")
    if isinstance(poetry, dict):
        yield "tool.poetry.dependencies", poetry
    for label in _ARRAYS:
        for name, group in (_at(document, label) or {}).items():
            if isinstance(group, list):
                yield f"{label}.{name}", group
    uv = _at(document, "tool.uv.dev-dependencies")
    if isinstance(uv, list):
        yield "tool.uv.dev-dependencies", uv
    for name, group in (_at(document, "tool.poetry.group") or {}).items():
        if isinstance(group.get("dependencies"), dict):
            yield f"tool.poetry.group.{name}.dependencies", group["dependencies"]
    old = _at(document, "tool.poetry.dev-dependencies")
    if isinstance(old, dict):
        yield "tool.poetry.dev-dependencies", old


def _at(document: Any, label: str) -> Any:  # noqa: ANN401 - as above
    found = document
    for key in label.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _names(found: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the names in a list, with an empty one for what is no requirement."""
    return [normal(each) if isinstance(each, str) else "" for each in found]


def _insert(found: Any, requirement: str, removes: list[str]) -> None:  # noqa: ANN401 - as above
    at = place(_names(found), normal(requirement), removes)
    if at or not found:
        found.insert(at, requirement)
    else:  # in front of the first one tomlkit leaves out the blank
        found.insert(1, found[0])
        found[0] = requirement


def _remove(found: Any, name: str) -> None:  # noqa: ANN401 - as above
    if isinstance(found, dict):
        for key in [key for key in found if normal(key) == name]:
            del found[key]
    else:
        for at in reversed([at for at, each in enumerate(_names(found)) if each == name]):
            del found[at]


def _divided(requirement: str) -> tuple[str, str]:
    """Return what poetry writes on the left and on the right of its equals sign."""
    at = next((at for at, each in enumerate(requirement) if each in _OPERATORS), len(requirement))
    return requirement[:at].strip(), requirement[at:].strip() or "*"
