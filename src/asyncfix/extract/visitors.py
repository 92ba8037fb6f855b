"""Which function reads which kind of node."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asyncfix.extract.branches import (
    if_statement,
    match_statement,
    try_statement,
    with_statement,
)
from asyncfix.extract.calls import call
from asyncfix.extract.definitions import class_definition, function_definition, lambda_function
from asyncfix.extract.loops import comprehension, for_loop, while_loop
from asyncfix.extract.names import name, walrus
from asyncfix.extract.statements import (
    annotated_assign,
    asserts,
    assign,
    augmented_assign,
    expression_statement,
    global_names,
    imports,
    imports_from,
    jump,
    nothing,
    other_statement,
    outer_names,
    raises,
    returns,
)
from asyncfix.extract.targets import delete
from asyncfix.extract.texts import binary, constant, formatted, joined
from asyncfix.extract.values import (
    attribute,
    awaits,
    boolean,
    compare,
    conditional,
    dictionary,
    sequence,
    slice_of,
    starred,
    subscript,
    tuple_of,
    unary,
    yields,
    yields_from,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.extract.reader import Reader


def _absent(_reader: Reader, _node: None) -> int:
    return 0


def _parts(reader: Reader, node: ast.AST) -> int:
    """Read what is newer than this reader, or no expression: only its parts."""
    for child in ast.iter_child_nodes(node):
        reader.expression(child)
    return 0


def _kinds(base: type[ast.AST]) -> Iterator[type[ast.AST]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


EXPRESSIONS: dict[type, Callable[[Reader, Any], int]] = {
    **dict.fromkeys(_kinds(ast.AST), _parts),
    type(None): _absent,
    ast.Name: name,
    ast.Attribute: attribute,
    ast.Call: call,
    ast.Constant: constant,
    ast.Subscript: subscript,
    ast.Await: awaits,
    ast.BoolOp: boolean,
    ast.IfExp: conditional,
    ast.List: sequence,
    ast.Set: sequence,
    ast.Tuple: tuple_of,
    ast.Dict: dictionary,
    ast.Lambda: lambda_function,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.Compare: compare,
    ast.JoinedStr: joined,
    ast.FormattedValue: formatted,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.DictComp: comprehension,
    ast.NamedExpr: walrus,
    ast.Starred: starred,
    ast.Yield: yields,
    ast.YieldFrom: yields_from,
    ast.Slice: slice_of,
}

STATEMENTS: dict[type, Callable[[Reader, Any], bool]] = {
    **dict.fromkeys(_kinds(ast.stmt), other_statement),
    ast.Expr: expression_statement,
    ast.Assign: assign,
    ast.AnnAssign: annotated_assign,
    ast.AugAssign: augmented_assign,
    ast.Return: returns,
    ast.If: if_statement,
    ast.For: for_loop,
    ast.AsyncFor: for_loop,
    ast.While: while_loop,
    ast.With: with_statement,
    ast.AsyncWith: with_statement,
    ast.Try: try_statement,
    ast.TryStar: try_statement,
    ast.Raise: raises,
    ast.FunctionDef: function_definition,
    ast.AsyncFunctionDef: function_definition,
    ast.ClassDef: class_definition,
    ast.Import: imports,
    ast.ImportFrom: imports_from,
    ast.Global: global_names,
    ast.Nonlocal: outer_names,
    ast.Delete: delete,
    ast.Assert: asserts,
    ast.Match: match_statement,
    ast.Break: jump,
    ast.Continue: jump,
    ast.Pass: nothing,
}
