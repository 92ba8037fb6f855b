"""Answers: followed through variables, parameters and results, and read as the new ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.moving.sending import awaited, iterate, refuse_here
from asyncfix.rewrites.moving.statements import rows_of
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.project.types import Types
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node

_ANSWERS = frozenset(("requests.Response", "requests.models.Response"))
_TELLING = frozenset(("print", "str", "repr", "isinstance", "type", "id", "hasattr", "getattr"))
_LOGS = frozenset(("debug", "info", "warning", "error", "exception", "critical", "log"))
_WHOLE = frozenset(("text", "content", "json"))
_LOOKED_AT = ("Comparison", "ComparisonTarget", "FormattedStringExpression")
_TIGHT = ("BinaryOperation", "Comparison", "ComparisonTarget")
LISTED = "the names of headers are in lower case where they are listed"
_REDIRECT = "`raise_for_status` also raises for redirects that are not followed"


def is_answer(types: Types) -> bool:
    """Tell whether something is an answer, or gives one when it is awaited."""
    return any(
        (each[0] == "E" and each[1] in _ANSWERS) or (each[0] == "W" and is_answer(each[1]))
        for each in types
    )


class Answers:
    """Follows answers from the calls that give them."""

    def __init__(self, move: Move, requests: Iterable[Node]) -> None:
        self.move = move
        self.streams: set[tuple[str, int, str]] = set()
        self.seen: set[tuple[str, int, str]] = set()
        self.requests = {(each.tree.data, each.start, each.end) for each in requests}
        self.of_functions = set(move.turned.names)

    def follow(self, files: Iterable[str]) -> None:
        """Change all uses of answers in some files."""
        for path in sorted(files):
            code = self.move.code(path)
            for call in code.each("Call"):
                if self._gives(code, call):
                    self._from(code, call, is_stream=_is_stream(call))
            if path == self.move.home:
                self._annotated(code)

    def _gives(self, code: Code, call: Node) -> bool:
        if (code.data, call.start, call.end) in self.requests:
            return True
        callee = call["func"]
        is_read = callee.kind == "Attribute" and callee["attr"].text in self.move.port.attributes
        if is_read or not is_answer(code.types(call)):
            return False
        full = code.full_name(call["func"])
        return full.partition(".")[0] != self.move.library

    def _annotated(self, code: Code) -> None:
        """Follow the parameters that are told to be answers."""
        for param in code.each("Param"):
            scope = param.function
            if not param.has("annotation") or scope is None:
                continue
            kind = param["annotation"]["annotation"]
            if any(code.full_name(each) in _ANSWERS for each in kind.walk()):
                self._named(code, scope, param["name"].text, is_stream=False)

    # Flow

    def _from(self, code: Code, node: Node, *, is_stream: bool) -> None:
        """Follow an expression that is an answer."""
        above = node.parent
        while above is not None and above.kind == "Await":
            node, above = above, above.parent
        if above is None or above.kind in ("Expr", "Return"):
            return
        if above.kind == "Attribute" and above["value"].raw is node.raw:
            self._read(code, above, is_stream=is_stream)
        elif above.kind in ("Assign", "NamedExpr", "AnnAssign"):
            self._assigned(code, above, is_stream=is_stream)
        elif above.kind == "WithItem":
            if above.has("asname"):
                name = above["asname"]["name"].text
                self._scoped(code, node, name, is_stream=is_stream)
        elif above.kind == "Arg":
            self._passed(code, node, above, is_stream=is_stream)
        elif above.kind == "IfExp" and above["test"].raw is not node.raw:
            self._from(code, above, is_stream=is_stream)
        elif _is_test(above):
            self.move.patches.around(code.path, node, "(not ", ".is_error)")
        elif above.kind not in _LOOKED_AT:
            raise RefusedError(f"an answer is kept ({code.path}:{code.row(node)})")

    def _assigned(self, code: Code, above: Node, *, is_stream: bool) -> None:
        targets = above.all("targets") or [above]
        for each in targets:
            target = each["target"]
            if target.kind != "Name":
                raise RefusedError(f"an answer is kept ({code.path}:{code.row(above)})")
            self._scoped(code, above, target.text, is_stream=is_stream)

    def _scoped(self, code: Code, node: Node, name: str, *, is_stream: bool) -> None:
        scope = node.function
        if scope is None:
            raise RefusedError(f"an answer is kept ({code.path}:{code.row(node)})")
        self._named(code, scope, name, is_stream=is_stream)

    def _named(self, code: Code, scope: Node, name: str, *, is_stream: bool) -> None:
        """Follow a variable of a function that holds an answer."""
        key = (code.path, scope.start, name)
        if key in self.seen:
            return
        self.seen.add(key)
        if is_stream:
            self.streams.add(key)
        for each in scope["body"].walk():
            if each.kind != "Name" or each.text != name or each.parent is None:
                continue
            above = each.parent
            if above.kind == "Attribute" and above["attr"].raw is each.raw:
                continue
            if above.kind in ("AssignTarget", "AsName", "AnnAssign", "NameItem", "Del"):
                continue
            if above.kind == "Arg" and above.has("keyword") and above["keyword"].raw is each.raw:
                continue
            if above.kind == "NamedExpr" and above["target"].raw is each.raw:
                continue
            self._from(code, each, is_stream=is_stream)

    def _passed(self, code: Code, node: Node, argument: Node, *, is_stream: bool) -> None:
        """Follow an answer into the function that it is passed to."""
        call = argument.parent
        if call is None or call.kind != "Call":
            raise RefusedError(f"an answer is passed on ({code.path}:{code.row(node)})")
        callee = call["func"]
        last = callee["attr"].text if callee.kind == "Attribute" else callee.text
        if callee.text in _TELLING or last in _LOGS:
            return
        functions = [each for each in code.callees(call) if each[0] in "FM"]
        types = code.callees(call)
        if not functions or len(functions) != len(types):
            raised = call.parent
            if raised is not None and (raised.kind == "Raise" or argument.has("keyword")):
                return  # an exception carries it; what reads it there is looked at where it is
            raise RefusedError(
                f"an answer is passed to what is not known ({code.path}:{code.row(node)})"
            )
        if is_stream:
            self._read_whole(code, node)
        for each in functions:
            self._into(code, call, argument, each)

    def _into(self, code: Code, call: Node, argument: Node, callee: tuple[object, ...]) -> None:
        typing = self.move.workspace.project.typing
        file, function = typing.functions[int(str(callee[1]))]
        path = typing.files.paths[file]
        other = self.move.code(path)
        scope = other.tree.function(function.start)
        if scope is None:
            raise RefusedError(f"an answer is passed to what is not known ({path})")
        if argument.has("keyword"):
            name = argument["keyword"].text
        else:
            at = next(i for i, each in enumerate(call.all("args")) if each.raw is argument.raw)
            at += 1 if callee[0] == "M" else 0
            if at >= len(function.params):
                raise RefusedError(f"an answer is passed on ({code.path}:{code.row(call)})")
            name = function.params[at].name
        self._named(other, scope, name, is_stream=False)

    def from_error(self, code: Code, node: Node) -> None:
        """Follow the answer that an exception carries."""
        self._from(code, node, is_stream=False)

    # Uses

    def _read(self, code: Code, attribute: Node, *, is_stream: bool) -> None:
        """Write what is read of an answer as the new one has it."""
        name = attribute["attr"].text
        path, patches = code.path, self.move.patches
        attr, value = attribute["attr"], attribute["value"]
        call = attribute.parent
        is_called = call is not None and call.kind == "Call" and call["func"].raw is attribute.raw
        if name in ("iter_content", "iter_lines") and is_called and call is not None:
            self._iterated(code, call, name, is_stream=is_stream)
            return
        if name == "close" and is_called and call is not None:
            patches.instead(path, attr.start, attr.end, "aclose")
            awaited(self.move, code, call)
            return
        template = self.move.port.attributes.get(name)
        if name == "cookies":
            template = "{}.cookies"
        elif name == "request":
            template = "{}.request"
            self._refuse_request(code, attribute)
        if template is None:
            raise RefusedError(f"`.{name}` of an answer has no counterpart")
        if name == "headers" and not _is_looked_up(attribute):
            self.move.notes[LISTED] = None
        if name == "raise_for_status":
            self.move.notes[_REDIRECT] = None
        if is_stream and name in _WHOLE:
            self._read_whole(code, value)
        before, _, after = template.partition("{}")
        told = after.partition(".")[2].rstrip(")")
        if told != name:
            patches.instead(path, attr.start, attr.end, told)
        if before == "not ":
            self._negated(code, attribute)
        elif before:
            if call is not None and call.kind.startswith("FormattedString"):
                return  # a text of itself
            patches.around(path, attribute, before, ")")

    def _negated(self, code: Code, attribute: Node) -> None:
        """Put a `not` before an expression, or take that away which stands there."""
        above = attribute.parent
        if above is not None and above.kind == "UnaryOperation":
            operator = above["operator"]
            if operator.kind == "Not":
                inner = above["expression"]
                start, end = above.start, inner.whole[0]
                self.move.patches.instead(code.path, start, end, "")
                return
        is_tight = above is not None and (above.kind in (*_TIGHT, "Attribute", "Call"))
        before, after = ("(not ", ")") if is_tight else ("not ", "")
        self.move.patches.around(code.path, attribute, before, after)

    def _refuse_request(self, code: Code, attribute: Node) -> None:
        above = attribute.parent
        name = above["attr"].text if above is not None and above.kind == "Attribute" else ""
        if name not in ("method", "url", "headers"):
            raise RefusedError(f"`.request` of an answer is used ({code.path})")

    def _read_whole(self, code: Code, node: Node) -> None:
        """Have a stream read to its end before a statement needs all of it."""
        statement = node.statement
        name = node
        while name.kind in ("Attribute", "Call"):
            name = name["value"] if name.kind == "Attribute" else name["func"]
        refuse_here(code, node)
        start = rows_of(code, statement)[0]
        row = code.data[start : statement.start].decode()
        if row.strip():
            raise RefusedError(f"a stream is read in an unusual way ({code.path})")
        self.move.patches.before(code.path, start, f"{row}await {name.text}.aread()\n")

    def _iterated(self, code: Code, call: Node, name: str, *, is_stream: bool) -> None:
        """Iterate over the bytes or lines of an answer."""
        loop = call.parent
        if loop is None or loop.kind not in ("For", "CompFor") or loop["iter"].raw is not call.raw:
            raise RefusedError(f"`.{name}` is not iterated at once ({code.path}:{code.row(call)})")
        attr, path = call["func"]["attr"], code.path
        given = {
            a["keyword"].text if a.has("keyword") else str(i): a
            for i, a in enumerate(call.all("args"))
        }
        prefix = "aiter" if is_stream else "iter"
        told = "bytes" if name == "iter_content" else "lines"
        if given.get("decode_unicode") is not None and name == "iter_content":
            raise RefusedError("`.iter_content` that decodes has no counterpart")
        self.move.patches.instead(path, attr.start, attr.end, f"{prefix}_{told}")
        if name == "iter_lines":
            if set(given) - {"decode_unicode", "chunk_size", "0"}:
                raise RefusedError("`.iter_lines` has no delimiter there")
            if given:
                start, end = call.all("args")[0].start, call.all("args")[-1].end
                self.move.patches.instead(path, start, end, "")
            if "decode_unicode" not in given or given["decode_unicode"]["value"].text != "True":
                self._encoded(code, loop)
        if is_stream:
            iterate(self.move, code, loop)

    def _encoded(self, code: Code, loop: Node) -> None:
        """Keep the lines bytes that a loop runs over, or read them as the text that they are."""
        target = loop["target"]
        if loop.kind != "For" or target.kind != "Name":
            raise RefusedError("lines of an answer are no bytes there")
        decodes = []
        for each in loop["body"].walk():
            if each.kind != "Name" or each.text != target.text or each.parent is None:
                continue
            above = each.parent
            if above.kind == "Attribute" and above["attr"].text == "decode":
                decodes.append(above)
            elif above.kind not in ("If", "UnaryOperation", "BooleanOperation"):
                decodes = []
                break
        for each in decodes:
            if each.parent is not None:
                self.move.patches.instead(code.path, each["value"].end, each.parent.end, "")
        if not decodes:
            first = loop["body"].all("body")[0]
            start = rows_of(code, first)[0]
            row = code.data[start : first.start].decode()
            self.move.patches.before(
                code.path, start, f"{row}{target.text} = {target.text}.encode()\n"
            )


def _is_stream(call: Node) -> bool:
    return any(
        each.has("keyword") and each["keyword"].text == "stream" and each["value"].text == "True"
        for each in call.all("args")
    )


def _is_looked_up(attribute: Node) -> bool:
    around = attribute.parent
    if around is None:
        return False
    return around.kind in ("Subscript", "ComparisonTarget") or (
        around.kind == "Attribute" and around["attr"].text == "get"
    )


def _is_test(above: Node) -> bool:
    """Tell whether what is below is asked whether it is true."""
    if above.kind == "UnaryOperation":
        return above["operator"].kind == "Not"
    return above.kind in ("If", "BooleanOperation", "While", "Assert", "IfExp")
