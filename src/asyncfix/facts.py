"""What one file says, as plain data: expressions, functions, classes, and where code runs.

Expressions live in one pool per file, and a node is a tuple `(operator, operands…)` whose operands
are indices of the pool. A local variable is no node of its own: a use of it is the union of the
expressions that reach it, so that whoever reads the facts needs no scopes and no flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

# Operators of expressions, with their operands.
UNKNOWN = 0
CONST = 1  # value: None, bool, int, float or a short str
# the name of a builtin type; if known, what the value is made of, the SQL that it starts, and how
# a comparison compares the attribute that is the first of what it is made of
LITERAL = 2
GLOBAL = 3  # name, of the module or a builtin
OUTER = 4  # function, name: a variable of an enclosing function
ATTR = 5  # base, name
CALL = 6  # function, arguments, keyword names, keyword values; -1 stands for a starred one
ITEM = 7  # base, index
AWAIT = 8  # awaited
UNION = 9  # alternatives
SEQUENCE = 10  # elements of a list, set or generator
TUPLE = 11  # elements
DICT = 12  # values; if all keys are texts, these, with \x1f between them and `**` for expansion
FUNCTION = 13  # index of a function of this file
CLASS = 14  # index of a class of this file
BINARY = 15  # left, right
ELEMENT = 16  # of an iterable
ENTERED = 17  # by `with`
UNPACKED = 18  # from an expression, at an index
PARAM = 19  # function, index of the parameter
IMPORT = 20  # dotted name, level
ANNOTATED = 21  # annotation, value
SUPER = 22  # class
AELEMENT = 23  # of an asynchronous iterable
AENTERED = 24  # by `async with`
EMPTY = 25  # a display without elements; never shared, so that what is put into it is known
PREFIX = 26  # a text that begins with what an expression gives and a text after it; made of …
MADE = 27  # what an operator gives: its operands, and for `%` the one whose type it has
LEFT = 28  # value, class or attribute's name: what `isinstance` or `hasattr` left over of it
LACKING = "!"  # before such a name: what lacks the attribute is left out, not what has it
CALLED = "()"  # after such a name: it is a method

# Kinds of sites: what runs there.
CALLS = 0
AWAITS = 1  # a call that is awaited at once
READS = 2  # an attribute
ITERATES = 3
ENTERS = 4
GETS_ITEM = 5
SETS_ITEM = 6
CONTAINS = 7
SETS = 8  # an attribute
SITE = 5  # integers per site: kind, node, start, end, guard

# Loops: seven integers each. Kind; the stretch that is run again and again, and a stretch within it
# that is not (what a comprehension runs over); the element and, of a comprehension, what it makes.
FOR = 0
ASYNC_FOR = 1
WHILE = 2
COMPREHENSION = 3
ASYNC_COMPREHENSION = 4
LOOP = 7

# Branches within loops: four integers each. Its stretch, the test under which it runs, and how it
# ends; NEGATED is added where it runs if the test fails or finds nothing. What handles exceptions
# is noted outside loops too.
BREAKS = 1
RETURNS = 2
NEGATED = 8
FAILED = 16  # of a branch, anywhere, that runs after an exception
BRANCH = 4

# What becomes of a call's value where it is written.
DROPPED = 0  # the call is a statement
TESTED = 1  # by `if`, `while`, `and`, `or`, `not`, `assert`
COMPUTED = 2  # an operand of an operator or of a comparison
FORMATTED = 3  # a part of an f-string
USE = 2  # integers per use: position of the call among the sites, what becomes of it

# Where a function lets others run in between.
AT_AWAIT = 0
AT_ASYNC_FOR = 1
AT_ASYNC_WITH = 2
AT_YIELD = 3
PAUSE = 3  # integers per pause: kind, start, end
HOLD = 4  # integers per hold: node, start, end, position of the first pause within

# Flags of functions.
ASYNC = 1
GENERATOR = 2
METHOD = 4
STATIC = 8
CLASSMETHOD = 16
ABSTRACT = 32
LAMBDA = 64

# Tests of guards: a guard is (parameter, test, outcome); what follows the colon is an operand.
TRUE = "true"
NONE = "none"
ONE_OF = "one of:"  # the parameter equals one of these constants, each written by `told`
SAME = "same:"  # it equals what the expression at this node gives
STARTS = "starts:"  # it is a text with one of these prefixes, which \x1f separates
IS_A = "is a:"  # it is an instance of the class at this node
KIND = "kind:"  # it is an instance of the class outside the project with this full name
OF = "of:"  # the attribute of this name passes the test that follows another colon
OVERRIDES = "overrides:"  # its class has another method of this name than the class at the node
# of no parameter (-1): what makes a call matter less
ONCE = "once per process"  # it runs until a variable of a module or class is set
DONE = "of what was asked if it is done"
WINDOWS = "on Windows only"
IN_MEMORY = "from memory"  # what it reads is no file on a disk
# of no parameter (-2): what the code says of the event loop
NO_LOOP = "no loop"  # none is running
CAUGHT = "caught"  # a RuntimeError is dealt with
AWAITABLE = "awaitable"  # something turned out to be a coroutine


def told(value: object) -> str:
    """Write a constant as guards compare it, with an end that no other one contains."""
    return f"{type(value).__name__} {value!r}\x1f"


if TYPE_CHECKING:
    Node = tuple[Any, ...]
else:  # so that msgspec makes tuples throughout: a list takes twice the room, an empty one no less
    _Operands = tuple[int | str, ...]
    Node = tuple[int | str | float | bool | _Operands | None, ...]


CHUNK = "chunk"  # what a slice of so many items at a time tells of itself


class Param(NamedTuple):
    """A parameter: `kind` is "" for ordinary ones, "*", "**", or "k" for keyword-only."""

    name: str
    annotation: int
    default: int
    kind: str


class Function(NamedTuple):
    """A function, method or lambda; function 0 is the module's own code.

    `sites` and `reads` are flat: five integers a site. `guard` indexes `FileFacts.guards`.
    `loops` and `branches` are flat too, and `entered` has node and place of each `async with`.
    So are `uses`, what becomes of calls; `pauses`, where others run; and `holds`, the plain `with`
    statements that have a pause within.
    """

    name: str
    qualname: str
    flags: int
    parent: int
    owner: int
    params: tuple[Param, ...]
    returns: int
    decorators: tuple[int, ...]
    sites: tuple[int, ...]
    reads: tuple[int, ...]
    results: tuple[int, ...]
    yields: tuple[int, ...]
    captured: dict[str, tuple[int, ...]]
    start: int
    end: int
    contract: str
    loops: tuple[int, ...]
    branches: tuple[int, ...]
    entered: tuple[int, ...]
    uses: tuple[int, ...]
    pauses: tuple[int, ...]
    holds: tuple[int, ...]


class Class(NamedTuple):
    """A class: its bases, its methods, and every value that its attributes are given."""

    name: str
    qualname: str
    parent: int
    bases: tuple[int, ...]
    decorators: tuple[int, ...]
    methods: dict[str, int]
    attributes: dict[str, tuple[int, ...]]
    start: int
    end: int


# What a lazily set variable is awaited for: bits of `Lazy.awaits`.
UNSET = 1  # something, while it is tested and not yet set
HALF_MADE = 2  # the value itself, after others can see it


class Lazy(NamedTuple):
    """A test, at bytes `start` to `end`, under which a function sets a shared variable once.

    `scope` is what holds the variable: module, class, instance, function, application (its state)
    or registry (a dict of one of these); `locked` tells that a lock is held meanwhile, `alone`
    that nothing but the variable decides.
    """

    function: int
    scope: str
    name: str
    values: tuple[int, ...]
    start: int
    end: int
    awaits: int
    locked: bool
    alone: bool


class Setting(NamedTuple):
    """A number or a text, at bytes `start` to `end`, that is given for a timeout or a pool's size.

    Empty dicts that variables of modules and attributes are set to are noted in the same way, with
    `{}` as their value. `node` is the call or the dict that it is given to under `key`, or 0 for a
    variable, attribute or parameter of that name; without a key it is what a call such as
    `get("timeout", 60)` falls back on. In a text, `{7}` stands for what node 7 gives.
    """

    node: int
    key: str
    value: float | str
    start: int
    end: int


class Statement(NamedTuple):
    """A text in SQL, on one row, at bytes `start` to `end`; `{}` stands for what is put in.

    It selects rows in some order or from some offset, or makes tables or indexes.
    """

    text: str
    start: int
    end: int


class Directive(NamedTuple):
    """A comment that may silence findings, at bytes `start` to `end`.

    `owner` is asyncfix, ruff or noqa; `kind` is ignore, file-ignore, disable, enable, or, after
    a question mark, what stands there in their place. It speaks of the bytes from `first` to
    `last`.
    """

    owner: str
    kind: str
    names: tuple[str, ...]
    start: int
    end: int
    first: int
    last: int


class FileFacts(NamedTuple):
    """Everything that one file says; `error` tells why it could not be parsed.

    `puts` are (container, value), `sets` (owner, name of the attribute, value, last name of the
    owner as written).
    `calls` holds the nodes of all calls by the last name of what is called, `imports` the first
    names of absolute imports; `rebinds` are (function, name) of variables of the module that
    functions set; `settings` are timeouts and sizes, `statements` in SQL.
    """

    path: str
    digest: str
    error: str
    error_at: int
    nodes: list[Node]
    functions: list[Function]
    classes: list[Class]
    names: dict[str, tuple[int, ...]]
    stars: tuple[tuple[str, int], ...]
    puts: tuple[tuple[int, int], ...]
    sets: tuple[tuple[int, str, int, str], ...]
    guards: tuple[tuple[tuple[int, str, bool], ...], ...]
    calls: dict[str, tuple[int, ...]]
    imports: tuple[str, ...]
    directives: tuple[Directive, ...]
    lazies: tuple[Lazy, ...]
    rebinds: tuple[tuple[int, str], ...]
    settings: tuple[Setting, ...]
    statements: tuple[Statement, ...]
