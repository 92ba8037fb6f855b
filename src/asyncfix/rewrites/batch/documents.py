"""Keys of Redis, documents of MongoDB and Elasticsearch: asked for together, not one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.asking import asking
from asyncfix.rewrites.batch.code import plural, spliced
from asyncfix.rewrites.batch.frame import Once
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node

LIBRARIES = ("redis", "pymongo", "motor", "elasticsearch")
_REDIS = "a key that holds something else than a text gives nothing, where it was an error"
_ELASTIC = (
    "where there is no document, `get` raised an error, and `mget` gives it without `_source`"
)
_MONGO = "all documents are read before the first item is looked at"
_ASYNC = ("asyncio", "asynchronous", "motor")


def documents_once(frame: Frame, call: Node, name: str) -> tuple[Once, str]:
    """Return what asks once in place of a call, and the code that gives one item's answer."""
    method = name.rpartition(".")[2]
    if call["func"].kind != "Attribute":
        raise RefusedError("this is no call of a method")
    if name.startswith("redis.") and method == "get" and "Cluster" not in name:
        return _values(frame, call)
    if method == "find_one":
        return _documents(frame, call, name)
    if name.startswith("elasticsearch.") and method == "get":
        return _fetched(frame, call)
    raise RefusedError(f"no batched form of `{name}` is known")


def _fetched(frame: Frame, call: Node) -> tuple[Once, str]:
    """Show how Elasticsearch is asked for the documents of all keys; they come by their `_id`."""
    args, ask = call.all("args"), asking(frame, call)
    named = {each["keyword"].text: each["value"] for each in args if each.has("keyword")}
    if set(named) != {"index", "id"} or len(args) != len(named) or frame.varies(named["index"]):
        raise RefusedError("`get` has no batched form with these arguments")
    frame.refuse_made([call], named["id"], ())
    item = frame.key(named["id"])
    once = Once(doubts=[_ELASTIC])
    keys, once.before = frame.keys_of(item, call)
    asks = f"{call['func']['value'].text}.mget(index={named['index'].text}, ids={keys})"
    code = _awaited(call, asks)
    by = frame.free(plural(ask.variable or "document"), "document_by_id")
    over = f"({code})" if code.startswith("await ") else code
    once.before.append(f'{by} = {{each["_id"]: each for each in {over}["docs"]}}')
    answer = f"{by}[{item}]"
    once.edits = ask.replaced(answer)
    return once, answer


def _values(frame: Frame, call: Node) -> tuple[Once, str]:
    """Ask Redis for the values of all keys; they come in the order of the items."""
    args, ask = call.all("args"), asking(frame, call)
    if len(args) != 1 or args[0].has("keyword") or frame.test or ask.methods:
        raise RefusedError("the keys of the items are not given one by one")
    key = args[0]["value"]
    changing = {each.text for each in scopes.names(key)} & frame.bound - frame.names
    if changing or not frame.varies_by_item(key):
        raise RefusedError("the key is made of what the loop finds out, or not of the item")
    frame.refuse_made([call], key, ())
    if any(each.kind in ("Call", "Await") for each in key.walk()):
        raise RefusedError("the key is more than a text made of the item")
    wanted = ask.variable or "value"
    keys, values = frame.free(f"{wanted}_keys"), frame.free(plural(wanted))
    receiver = call["func"]["value"].text
    once = Once(notes=[_REDIS])
    once.before = [
        f"{keys} = [{key.text} for {frame.target} in {frame.items}]",
        f"{values} = {_awaited(call, f'{receiver}.mget({keys})')}",
    ]
    one = frame.free(f"one_{wanted}")
    once.zipped = (one, values)
    once.edits = ask.replaced(one)
    return once, one


def _documents(frame: Frame, call: Node, name: str) -> tuple[Once, str]:
    """Ask MongoDB for the documents of all keys, and look each up by its key."""
    args, ask = call.all("args"), asking(frame, call)
    if len(args) != 1 or args[0].has("keyword") or args[0]["value"].kind != "Dict" or ask.methods:
        raise RefusedError("`find_one` has no batched form with these arguments")
    elements = args[0]["value"].all("elements")
    varying = [each for each in elements if each.kind != "DictElement" or frame.varies(each)]
    if len(varying) != 1 or varying[0].kind != "DictElement":
        raise RefusedError("more than one condition is about the item, or none")
    field, node = varying[0]["key"], varying[0]["value"]
    if field.kind != "SimpleString" or field.text.strip("'\"") != "_id":
        raise RefusedError("several documents may have the key, and which one counts is not told")
    frame.refuse_made([call], node, ())
    item = frame.key(node)
    once = Once(notes=[_MONGO])
    keys, once.before = frame.keys_of(item, call)
    path, func = frame.path, call["func"]
    edits = [
        Edit(Location(path, func["attr"].start, func["attr"].end), "find"),
        Edit(Location(path, *node.whole), f'{{"$in": {keys}}}'),
    ]
    code = spliced(call.tree.data, call.start, call.end, edits)
    wanted = ask.variable or "document"
    by = frame.free(plural(wanted), f"{wanted}_by_id")
    word = "async for" if any(each in name for each in _ASYNC) else "for"
    once.before.append(f'{by} = {{each["_id"]: each {word} each in {code}}}')
    answer = f"{by}.get({item})"
    once.edits = ask.replaced(answer)
    return once, answer


def _awaited(call: Node, code: str) -> str:
    above = call.parent
    return f"await {code}" if above is not None and above.kind == "Await" else code
