"""How a session is made and set up: what its client is told when it is made, and what stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncfix.findings import Import
from asyncfix.rewrites.moving import retries
from asyncfix.rewrites.moving.sending import COMMON, requests_of
from asyncfix.rewrites.moving.statements import refuse_moved, remove
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.rewrites.moving.sessions import Sessions
    from asyncfix.syntax.tree import Node

_KEPT = frozenset(("headers", "params", "cookies", "max_redirects"))
_TOLD = frozenset(("verify", "cert", "trust_env"))
_EVERYWHERE = {"http://", "https://"}
_ADAPTER = ("adapters.HTTPAdapter", "HTTPAdapter")
_ENVIRONMENT = "proxies that the environment names are not used beside a transport of one's own"


@dataclass
class _Client:
    """What the call that makes a client is given."""

    made: Node
    options: dict[str, str] = field(default_factory=dict)
    transport: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, str] = field(default_factory=dict)
    retry: str = ""


def set_up(move: Move, sessions: Sessions) -> None:
    """Write the clients that take the place of sessions; raise RefusedError for what differs."""
    code = move.code(sessions.home)
    common = _common(move, sessions)
    clients = {each.start: _Client(each) for each in sessions.made}
    for use, node in sessions.uses:
        client = _client_of(clients, use, node, sessions)
        parent = node.parent
        if parent is None or parent.kind != "Attribute" or parent["value"].raw is not node.raw:
            continue
        name = parent["attr"].text
        if name in _TOLD or name in ("proxies", "mount", "hooks"):
            if client is None:
                raise RefusedError(f"`.{name}` of a session is set after it was made")
            _tell(move, code, client, parent, name)
        elif name == "auth":
            _authenticate(move, use, parent)
        elif name == "params":
            _merge(move, use, parent)
        elif name in ("adapters", "stream"):
            raise RefusedError(f"`.{name}` of a session has no counterpart")
    for client in clients.values():
        client.options |= {name: _there(client, each) for name, each in common.items()}
        _write(move, code, client)


def _common(move: Move, sessions: Sessions) -> dict[str, Node]:
    """Return what every request is told that only a client can be, if all are alike."""
    told: list[dict[str, Node]] = []
    for call in requests_of(sessions, dict(move.port.functions)):
        if call["func"]["attr"].text == "close":
            continue
        named = {a["keyword"].text: a["value"] for a in call.all("args") if a.has("keyword")}
        told.append({name: value for name, value in named.items() if name in COMMON})
    texts = {tuple(sorted((name, value.text) for name, value in each.items())) for each in told}
    if len(texts) > 1:
        raise RefusedError("requests of one session are told different things of `verify`")
    return told[0] if told else {}


def _there(client: _Client, value: Node) -> str:
    """Return the code for something that requests were told, where the client is made."""
    if value.text in ("True", "False") or value.kind == "SimpleString":
        return value.text
    scope = client.made.function
    for each in scope["body"].own() if scope is not None else ():
        if each.kind == "Assign" and each.all("targets")[0]["target"].text == value.text:
            if each.start < client.made.start:
                return value.text
            refuse_moved(client.made, each["value"])
            return each["value"].text
    raise RefusedError(f"`{value.text}` is told to each request, and only a client can be")


def _client_of(
    clients: dict[int, _Client], code: Code, node: Node, sessions: Sessions
) -> _Client | None:
    """Return the client that is made in the function which a use stands in, before it."""
    if code.path != sessions.home:
        return None
    scope = node.function
    mine = [
        each
        for each in clients.values()
        if (each.made.function is None) == (scope is None)
        and (scope is None or each.made.function.raw is scope.raw)  # type: ignore[union-attr]
        and each.made.start < node.start
    ]
    return max(mine, key=lambda each: each.made.start, default=None)


# What is set on a session


def _tell(move: Move, code: Code, client: _Client, attribute: Node, name: str) -> None:
    """Take a statement that sets something up into the call that makes the client."""
    around = attribute.parent
    statement = attribute.statement
    if around is None or statement.kind != "SimpleStatementLine":
        raise RefusedError(f"`.{name}` of a session is used in an unusual way")
    if name == "mount" and around.kind == "Call":
        _mount(move, code, client, around)
        return
    if around.kind == "AssignTarget":
        value = around.parent["value"] if around.parent is not None else around
        refuse_moved(client.made, value)
        if name == "proxies":
            _proxies(move, code, client, value)
        elif name == "hooks":
            raise RefusedError("hooks of a session may return another answer")
        else:
            client.options[name] = value.text
        remove(move, code, statement)
        return
    if name == "proxies" and around.kind == "Attribute" and around["attr"].text == "update":
        call = around.parent
        if call is not None and call.kind == "Call" and len(call.all("args")) == 1:
            value = call.all("args")[0]["value"]
            refuse_moved(client.made, value)
            _proxies(move, code, client, value)
            remove(move, code, statement)
            return
    raise RefusedError(f"`.{name}` of a session is used in a way that has no counterpart")


def _proxies(move: Move, code: Code, client: _Client, value: Node) -> None:
    """Take proxies by scheme into the client."""
    if value.kind != "Dict":
        raise RefusedError("the proxies are not written where they are set")
    by_scheme = {
        each["key"].text.strip("\"'"): each["value"].text
        for each in value.all("elements")
        if each.kind == "DictElement"
    }
    if not by_scheme or set(by_scheme) - {"http", "https"} or len(by_scheme) < len(value.children):
        raise RefusedError("the proxies are not told by scheme alone")
    if len(set(by_scheme.values())) == 1 and len(by_scheme) == 2:
        client.options["proxy"] = next(iter(by_scheme.values()))
        return
    httpx = move.spelled(code.path)
    for scheme, proxy in by_scheme.items():
        client.mounts[f'"{scheme}://"'] = f"{httpx}.AsyncHTTPTransport(proxy={proxy})"


def _merge(move: Move, code: Code, attribute: Node) -> None:
    """Have parameters of all requests set anew: they cannot be changed where they are."""
    above, text = attribute.parent, attribute.text
    if above is None or above.kind == "AssignTarget":
        return
    call = above.parent
    is_update = above.kind == "Attribute" and above["attr"].text == "update"
    if is_update and call is not None and call.parent is not None and call.parent.kind == "Expr":
        move.patches.instead(code.path, above.start, above.end, f"{text} = {text}.merge")
        return
    target = above.parent
    if above.kind == "Subscript" and target is not None and target.kind == "AssignTarget":
        assign = target.parent
        if assign is not None and len(assign.all("targets")) == 1:
            key = above.all("slice")[0].text
            start, end = target.start, assign["value"].start
            move.patches.instead(code.path, start, end, f"{text} = {text}.set({key}, ")
            move.patches.around(code.path, assign["value"], "", ")")
            return
    raise RefusedError("parameters of all requests are used in an unusual way")


def _authenticate(move: Move, code: Code, attribute: Node) -> None:
    """Check what a session authenticates with, and rename it where the library gives it."""
    around = attribute.parent
    if around is None or around.kind != "AssignTarget" or around.parent is None:
        return
    value = around.parent["value"]
    if value.kind == "Tuple" or value.text == "None":
        return
    name = move.last(code, value["func"]) if value.kind == "Call" else ""
    if name not in move.port.authentication:
        raise RefusedError("the authentication of a session has no counterpart that is known")


# Adapters


def _mount(move: Move, code: Code, client: _Client, call: Node) -> None:
    """Take an adapter into the client."""
    given = call.all("args")
    if len(given) != 2 or any(each.has("keyword") for each in given):
        raise RefusedError("an adapter is mounted in an unusual way")
    prefixes, statement = _prefixes(call, given[0]["value"])
    made = _adapter(move, code, client, given[1]["value"])
    if client.transport and client.transport != made:
        raise RefusedError("adapters of several kinds are mounted")
    client.transport = made
    client.mounts |= dict.fromkeys((f'"{each}"' for each in prefixes), "")
    remove(move, code, statement)


def _prefixes(call: Node, value: Node) -> tuple[list[str], Node]:
    """Return where an adapter is mounted, and the statement that says so."""
    statement = call.statement
    if value.kind == "SimpleString":
        return [value.text.strip("\"'")], statement
    loop = statement.parent.parent if statement.parent is not None else None
    if value.kind == "Name" and loop is not None and loop.kind == "For":
        items = loop["iter"]
        is_listed = items.kind in ("Tuple", "List") and loop["target"].text == value.text
        texts = [each["value"] for each in items.all("elements")] if is_listed else []
        is_alone = len(loop["body"].all("body")) == 1
        if texts and is_alone and all(each.kind == "SimpleString" for each in texts):
            return [each.text.strip("\"'") for each in texts], loop
    raise RefusedError("where an adapter is mounted cannot be seen")


def _adapter(move: Move, code: Code, client: _Client, value: Node) -> dict[str, str]:
    """Return what a transport is given that does what an adapter did."""
    made = _value(move, code, client, value)
    if made.kind != "Call" or move.short(code, made["func"]) not in _ADAPTER:
        raise RefusedError("an adapter of its own kind is mounted")
    found: dict[str, str] = {}
    limits: dict[str, str] = {}
    block = False
    for each in made.all("args"):
        if not each.has("keyword"):
            raise RefusedError("an adapter is made in an unusual way")
        name, argument = each["keyword"].text, each["value"]
        if name == "max_retries":
            found["retry"] = _retry(move, code, client, argument)
            continue
        refuse_moved(client.made, argument)
        if name == "pool_maxsize":
            limits["max_keepalive_connections"] = argument.text
        elif name == "pool_block":
            block = argument.text == "True"
        elif name != "pool_connections":
            raise RefusedError(f"`{name}=` of an adapter has no counterpart")
    if limits:
        kept = limits["max_keepalive_connections"]
        most = kept if block else "None"
        told = f"max_connections={most}, max_keepalive_connections={kept}"
        found["limits"] = f"{move.spelled(code.path)}.Limits({told})"
    return found


def _value(move: Move, code: Code, client: _Client, node: Node) -> Node:
    """Return what a variable of the function holds, if it is set but once; its statement goes."""
    if node.kind != "Name" or node.function is None:
        return node
    found = [
        each
        for each in node.function["body"].own()
        if each.kind == "Assign"
        and [target["target"].text for target in each.all("targets")] == [node.text]
    ]
    if len(found) != 1 or found[0].statement.parent is None:
        return node
    if (
        found[0].start < client.made.start
        and move.short(
            code, found[0]["value"]["func"] if found[0]["value"].kind == "Call" else node
        )
        not in _ADAPTER
    ):
        return node  # is there already when the client is made
    remove(move, code, found[0].statement)
    return found[0]["value"]


def _retry(move: Move, code: Code, client: _Client, node: Node) -> str:
    """Return the `Retry` that an adapter was given; nothing if it does not send again."""
    if node.kind == "Integer":
        return f"{_retry_class(move, code)}({node.text})" if node.text != "0" else ""
    value = _value(move, code, client, node)
    refuse_moved(client.made, value)
    if value.kind == "Call" and _is_retry(code, value["func"]):
        return _renamed(move, code, value)
    return f"{_retry_class(move, code)}.from_int({value.text})"


def _is_retry(code: Code, node: Node) -> bool:
    full = code.full_name(node)
    return full.rpartition(".")[2] == "Retry" and full.partition(".")[0] in ("urllib3", "requests")


def _renamed(move: Move, code: Code, call: Node) -> str:
    name = _retry_class(move, code)
    callee = call["func"]
    return name + call.text[len(callee.text) :]


def _retry_class(move: Move, code: Code) -> str:
    """Return what a file calls urllib3's `Retry`."""
    for module in ("urllib3.util.retry", "urllib3.util", "urllib3"):
        known = move.workspace.imports(code.path).binding(Import("", module, "Retry"))
        if known:
            return known
    move.imports[Import(code.path, "urllib3.util.retry", "Retry")] = None
    return "Retry"


# Writing


def _write(move: Move, code: Code, client: _Client) -> None:
    """Write the call that makes a client in the place of the one that made the session."""
    path, made = code.path, client.made
    if made.all("args"):
        raise RefusedError("the session is made with arguments")
    httpx = move.spelled(path)
    options = {"timeout": "None", "follow_redirects": "True", **client.options}
    indent = _indent_of(code, made)
    inner, inmost = indent + "    ", indent + "        "
    width = move.workspace.width(path)
    transport = _transport(move, code, client, (inner, inmost), httpx)
    mounts = {key: value for key, value in client.mounts.items() if value}
    if transport:
        schemes = {key.strip('"') for key, value in client.mounts.items() if not value}
        if "verify" in options or "cert" in options or "proxy" in options:
            raise RefusedError("a transport of its own would ignore `verify`, `cert` and `proxy`")
        move.notes[_ENVIRONMENT] = None
        if schemes >= _EVERYWHERE:
            options["transport"] = transport
        elif all("/" not in each.partition("://")[2] for each in schemes):
            mounts |= {f'"{each}"': transport for each in sorted(schemes)}
        else:
            raise RefusedError("an adapter is mounted for the paths of a server")
    elif "limits" in client.transport:
        options["limits"] = client.transport["limits"]
    if mounts:
        inside = ", ".join(f"{key}: {value}" for key, value in mounts.items())
        options["mounts"] = f"{{{inside}}}"
    arguments = [f"{name}={value}" for name, value in options.items()]
    text = retries.told(f"{httpx}.{move.port.client}", arguments, indent, width)
    move.patches.instead(path, made.start, made.end, text)


def _transport(
    move: Move, code: Code, client: _Client, indents: tuple[str, str], httpx: str
) -> str:
    """Return the transport that sends requests again, as code; nothing if none has to."""
    retry = client.transport.get("retry", "")
    if not retry:
        return ""
    text, imports = retries.transport(move.workspace, code.path, httpx, _retry_class(move, code))
    move.imports |= dict.fromkeys(imports)
    move.requires[retries.REQUIRES] = None
    if text:
        outer = [each for each in client.made.parents if each.kind in ("ClassDef", "FunctionDef")]
        at = _above(code, outer[-1] if outer else client.made.statement)
        move.patches.before(code.path, at, text)
    options = [f"limits={client.transport['limits']}"] if "limits" in client.transport else []
    retry = retries.moved_to(retry, indents[1])
    width = move.workspace.width(code.path)
    return retries.told(retries.NAME, [retry, *options], indents[0], width - len("transport=,"))


def _above(code: Code, node: Node) -> int:
    """Return where the statement begins that holds a node, with its decorators."""
    decorators = node.all("decorators") if node.kind in ("ClassDef", "FunctionDef") else []
    start = min([node.start, *(each.start for each in decorators)])
    return code.data.rfind(b"\n", 0, start) + 1


def _indent_of(code: Code, node: Node) -> str:
    start = code.data.rfind(b"\n", 0, node.statement.start) + 1
    row = code.data[start : node.statement.start].decode()
    return row if not row.strip() else ""
