"""Crosses the syntax trees of real modules at random and checks what comes out.

Run it for many: `python tests/fuzz.py 10000` makes that many modules, in projects of 20, and ends
at the first crash, whose files it keeps in the working directory as fuzz-crash/.
"""

from __future__ import annotations

import ast
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import get_args

from asyncfix import engine
from asyncfix.config import FIELDS, Config
from asyncfix.findings import Severity
from asyncfix.output import render

ROOT = Path(__file__).parents[1]
SEEDS = [
    *sorted(ROOT.glob("fixtures/*/before/**/*.py")),
    *sorted(ROOT.glob("src/asyncfix/**/*.py")),
]
PER_PROJECT = 20
_LARGEST = 120


class Crossing(ast.NodeTransformer):
    """Puts nodes of other modules in the place of some of one's own, kind by kind."""

    def __init__(self, chance: random.Random, pool: dict[type, list[ast.AST]]) -> None:
        self.chance = chance
        self.pool = pool

    def visit(self, node: ast.AST) -> ast.AST:
        """Return a node, its parts or itself changed now and then."""
        kind = ast.stmt if isinstance(node, ast.stmt) else ast.expr
        if isinstance(node, ast.expr | ast.stmt) and self.chance.random() < 0.02:
            return self.chance.choice(self.pool[kind])
        if isinstance(node, ast.FunctionDef) and self.chance.random() < 0.3:
            return ast.AsyncFunctionDef(**dict(ast.iter_fields(node)))
        return self.generic_visit(node)


def pool_of(trees: list[ast.Module]) -> dict[type, list[ast.AST]]:
    """Return the small statements and expressions of some modules."""
    found: dict[type, list[ast.AST]] = {ast.stmt: [], ast.expr: []}
    for tree in trees:
        for node in ast.walk(tree):
            for kind, nodes in found.items():
                if isinstance(node, kind) and len(ast.dump(node)) < 20 * _LARGEST:
                    nodes.append(node)
    return found


def module(chance: random.Random, trees: list[ast.Module], pool: dict[type, list[ast.AST]]) -> str:
    """Return the text of one crossed module that Python parses."""
    while True:
        tree = ast.parse(ast.unparse(chance.choice(trees)))
        try:
            text = ast.unparse(ast.fix_missing_locations(Crossing(chance, pool).visit(tree)))
            ast.parse(text)
        except (SyntaxError, ValueError, AttributeError, TypeError, RecursionError):
            continue  # a target that cannot be assigned to, a part that no text can say
        return text


def projects(seed: int, modules: int, sources: list[Path] = SEEDS) -> list[dict[str, str]]:
    """Return projects of crossed modules, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources]
    pool = pool_of(trees)
    names = [f"pack/m{at}.py" for at in range(PER_PROJECT)]
    texts = [module(chance, trees, pool) for _ in range(modules)]
    return [
        dict(zip(names, texts[at : at + PER_PROJECT], strict=False))
        for at in range(0, modules, PER_PROJECT)
    ]


def check(files: dict[str, str], folder: Path) -> int:
    """Check a project in every output format; return the number of findings, raise on a crash."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    outcome = engine.check([folder], Config(min_severity=Severity.INFO, project=str(folder)))
    for shape in get_args(get_args(FIELDS["output-format"].type)[0]):
        render(shape, outcome.report, outcome.text, outcome.packs)
    return len(outcome.report.findings)


def main(modules: int) -> None:
    """Check that many modules; keep a project that crashes."""
    total = 0
    for seed in range(0, modules, 200):
        for files in projects(seed, min(200, modules - seed)):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    total += check(files, Path(folder))
                except BaseException:
                    shutil.copytree(folder, "fuzz-crash", dirs_exist_ok=True)
                    raise
        sys.stdout.write(f"{min(seed + 200, modules)} modules, {total} findings\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
