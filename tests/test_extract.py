"""Facts: what the reader of one file gets right about flow, names and places."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix import facts
from asyncfix.extract import extract
from asyncfix.findings import Severity

SERVICE = dedent("""
    import time

    class Service:
        def find(self, *args):
            time.sleep(1)

    class Memory:
        def find(self, *args):
            return 1

    def pause(*args):
        time.sleep(1)
""")


@pytest.fixture
def codes(places):
    """Return a function that gives the code at each finding in `app.py`, which knows `Service`."""

    def run(app):
        head = "from service import Memory, Service, pause\n"
        return places({"service.py": SERVICE, "app.py": head + dedent(app)})

    return run


# Branches and narrowing


def test_both_branches_reach_what_follows(codes):
    app = """
        async def handler(flag):
            if flag:
                thing = Service()
            else:
                thing = Memory()
            thing.find()
    """
    assert codes(app) == ["thing.find()"]


def test_a_name_that_is_bound_again_forgets_what_it_was(codes):
    app = """
        async def handler():
            thing = Service()
            thing.find(1)
            thing = Memory()
            thing.find(2)
    """
    assert codes(app) == ["thing.find(1)"]


def test_a_branch_that_returns_does_not_reach_what_follows(codes):
    app = """
        async def handler(flag):
            thing = Memory()
            if flag:
                thing = Service()
                return None
            return thing.find()

        async def other(flag):
            thing = Memory()
            if flag:
                thing = Service()
            return thing.find(2)
    """
    assert codes(app) == ["thing.find(2)"]


def test_code_after_return_or_raise_does_not_run(codes):
    app = """
        async def returns():
            return 1
            pause(1)

        async def raises():
            raise ValueError
            pause(2)

        async def branches(flag):
            if flag:
                return 1
            else:
                raise ValueError
            pause(3)

        async def loops():
            while True:
                pass
            pause(4)

        async def leaves():
            while True:
                break
            pause(5)
    """
    assert codes(app) == ["pause(5)"]


def test_constant_tests_decide(codes):
    app = """
        async def handler():
            if False:
                pause(1)
            else:
                pause(2)
            while False:
                pause(3)
            if 0:
                pause(4)
            if True:
                pause(5)
    """
    assert codes(app) == ["pause(2)", "pause(5)"]


def test_an_early_return_guards_what_follows(codes):
    app = """
        def load(quick=False):
            if quick:
                return
            pause()

        async def handler():
            load(quick=True)
            load()
    """
    assert codes(app) == ["load()"]


def test_isinstance_narrows_in_every_form_of_test(codes):
    app = """
        async def handler(thing: Service | Memory, flag):
            if isinstance(thing, Memory) and flag:
                thing.find(2)
            assert isinstance(thing, Memory)
            thing.find(3)

        async def inverted(thing: Service | Memory):
            if not isinstance(thing, Memory):
                raise TypeError
            thing.find(4)

        async def conditional(thing: Service | Memory):
            return thing.find(5) if isinstance(thing, Memory) else None

        async def found(thing):
            if isinstance(thing, (Memory, Service)):
                thing.find(6)
    """
    assert codes(app) == ["thing.find(6)"]


def test_isinstance_narrows_the_rest_of_its_own_condition(codes):
    app = """
        async def handler(thing: Service | Memory):
            if isinstance(thing, Memory) and thing.find(1):
                pass
            if not isinstance(thing, Memory) or thing.find(2):
                pass
            return thing.find(3)
    """
    assert codes(app) == ["thing.find(3)"]


def test_a_conditional_expression_and_boolean_operators_give_either(codes):
    app = """
        async def handler(flag, given: Memory):
            thing = Service() if flag else Memory()
            thing.find(1)
            other = given or Service()
            other.find(2)
            third = given and Memory()
            third.find(3)
    """
    assert codes(app) == ["thing.find(1)", "other.find(2)"]


@pytest.mark.xfail(strict=True, reason="a loop is read once")
def test_a_loop_reaches_its_own_beginning(codes):
    app = """
        async def handler(items):
            thing = Memory()
            for item in items:
                thing.find()
                thing = Service()
    """
    assert codes(app) == ["thing.find()"]


def test_the_value_after_a_loop_is_that_of_before_or_of_within(codes):
    app = """
        async def handler(items):
            thing = Memory()
            for item in items:
                thing = Service()
            thing.find()
    """
    assert codes(app) == ["thing.find()"]


def test_match(codes):
    app = """
        async def handler(thing: Service | Memory):
            match thing:
                case Memory():
                    thing.find(1)
                case Service():
                    thing.find(2)
                case _:
                    pause()
    """
    assert codes(app) == ["thing.find(2)", "pause()"]


def test_names_that_a_pattern_binds_are_not_what_they_were(codes):
    app = """
        async def handler(message):
            thing = Service()
            match message:
                case {"thing": thing}:
                    thing.find(1)
                case [first, *rest] if pause():
                    first.find(2)
                case Memory() as memory:
                    memory.find(3)
                case Service() as service:
                    service.find(4)
    """
    assert codes(app) == ["pause()", "service.find(4)"]


def test_try(codes):
    app = """
        async def handler():
            thing = Memory()
            try:
                thing = Service()
                thing.find(1)
            except ValueError:
                thing.find(2)
                return
            except OSError as thing:
                thing.find(3)
            else:
                thing.find(4)
            finally:
                pause(5)
    """
    assert codes(app) == ["thing.find(1)", "thing.find(2)", "thing.find(4)", "pause(5)"]


def test_finally_runs_where_every_branch_returns(codes):
    app = """
        async def handler():
            try:
                return 1
            finally:
                pause()
    """
    assert codes(app) == ["pause()"]


def test_deleted_names_and_global_names(codes):
    app = """
        thing = None

        def start():
            global thing
            thing = Service()

        async def handler():
            thing.find()
    """
    assert codes(app) == ["thing.find()"]


def test_nonlocal_names(codes):
    app = """
        def make():
            thing = None

            def start():
                nonlocal thing
                thing = Service()

            async def handler():
                thing.find()

            return start, handler
    """
    assert codes(app) == ["thing.find()"]


# Expressions


def test_walrus(codes):
    app = """
        async def handler():
            if thing := Service():
                thing.find(1)
            while (memory := Memory()) and (found := pause(2)):
                memory.find()
    """
    assert codes(app) == ["thing.find(1)", "pause(2)"]


def test_comprehensions_have_a_scope_of_their_own(codes):
    app = """
        async def handler():
            thing = Memory()
            [thing.find(1) for thing in [Service()]]
            thing.find(2)
            {thing.find(3) for thing in [Service()] if pause(4)}
            {key: pause(5) for key in [1]}
            [each.find(6) for row in [[Service()]] for each in row]
    """
    assert codes(app) == [
        "thing.find(1)",
        "thing.find(3)",
        "pause(4)",
        "pause(5)",
        "each.find(6)",
    ]


def test_comprehensions_at_module_and_class_level(codes):
    app = """
        SERVICES = [Service() for _ in range(3)]

        class Holder:
            services = {name: Service() for name in "ab"}

            async def get(self):
                self.services["a"].find()

        async def handler():
            SERVICES[0].find()
    """
    assert codes(app) == ['self.services["a"].find()', "SERVICES[0].find()"]


def test_async_comprehensions_and_loops(codes):
    app = """
        async def services():
            yield Service()

        async def handler():
            async for thing in services():
                thing.find(1)
            [each.find(2) async for each in services()]
            async with open_it() as unknown:
                unknown.find(3)
    """
    assert codes(app) == ["thing.find(1)", "each.find(2)"]


def test_calls_within_other_expressions_run(codes):
    app = """
        async def handler(x):
            f"{pause(1)}"
            x[pause(2)]
            x[pause(3):]
            x.y = pause(4)
            x[0] = pause(5)
            x += pause(6)
            not pause(7)
            1 < pause(8)
            {**pause(9)}
            print(*pause(10), **pause(11))
            assert pause(12), pause(13)
            del x[pause(14)]
            (yield pause(15))
    """
    assert codes(app) == [f"pause({n})" for n in range(1, 16)]


def test_defaults_and_decorators_run_where_the_definition_stands(codes):
    app = """
        async def handler():
            def nested(value=pause(1)):
                pause(2)

            class Local(base(pause(3))):
                value = pause(4)

            return lambda value=pause(5): pause(6)
    """
    assert codes(app) == ["pause(1)", "pause(3)", "pause(4)", "pause(5)"]


def test_annotations_do_not_run(codes):
    app = """
        async def handler(value: pause(1) = None) -> pause(2):
            other: pause(3) = 1
    """
    assert codes(app) == []


def test_starred_arguments(codes):
    app = """
        def load(first, second):
            return second.find()

        async def handler(args, kwargs):
            load(*args)
            load(**kwargs)
            load(1, Service())
    """
    assert "load(1, Service())" in codes(app)


def test_starred_arguments_are_counted_from_none(codes):
    app = """
        def load(create=True):
            if create:
                pause()

        async def handler(args):
            load(*args)
            load(**args)
            load(False, *args)
    """
    assert codes(app) == ["load(*args)", "load(**args)"]


def test_starred_targets(codes):
    app = """
        async def handler():
            first, *rest, last = Memory(), Memory(), Service()
            first.find(1)
            last.find(2)
    """
    assert codes(app) == ["last.find(2)"]


def test_nested_classes_and_methods(codes):
    app = """
        class Outer:
            class Inner:
                async def get(self):
                    pause(1)

                def plain(self):
                    pause(2)

        def make():
            class Local:
                async def get(self):
                    pause(3)

            return Local
    """
    assert codes(app) == ["pause(1)", "pause(3)"]


def test_a_method_is_no_name_of_its_module(codes):
    app = """
        class Thing:
            def pause(self):
                return 1

            async def get(self):
                self.pause()
                pause()
    """
    assert codes(app) == ["pause()"]


def test_overloads_are_no_implementation(codes):
    app = """
        from typing import overload

        class Thing:
            @overload
            def load(self, x: int) -> int: ...
            @overload
            def load(self, x: str) -> str: ...
            def load(self, x):
                pause()

            async def get(self):
                self.load(1)
    """
    assert codes(app) == ["self.load(1)"]


def test_the_setter_of_a_property_is_not_its_reader(codes):
    app = """
        class Thing:
            @property
            def name(self):
                return 1

            @name.setter
            def name(self, value):
                pause()

            async def get(self):
                self.name
    """
    assert codes(app) == []


def test_a_property_that_is_set_calls_its_setter(codes):
    app = """
        class Thing:
            @property
            def name(self):
                return 1

            @name.setter
            def name(self, value):
                pause()

            async def get(self):
                self.name = 1
    """
    assert codes(app) == ["self.name"]


# Places


def one_call(text):
    """Return the text of the only call in the function of a file."""
    found = extract("app.py", "", text)
    [function] = [each for each in found.functions if each.name == "handler"]
    kind, _, start, end, _ = function.sites
    assert kind == facts.CALLS
    return text.encode()[start:end].decode()


@pytest.mark.parametrize(
    "text",
    [
        'async def handler():\n    x = "héllo"; pause()\n',
        "# שלום עולם\nasync def handler():\n    pause()\n",
        'async def handler():\n    "🎉" + pause()\n',
        "async def handler():\r\n    pause()\r\n",
        "async def handler():\r    pause()\r",
        "async def handler():\n\tpause()\n",
        "async def handler():\n\tif 1:\n\t\tpause()\n",
        "\x0c\nasync def handler():\n    pause()\n",
        "x = 1 ;\x0cy = 2\n\x0casync def handler():\n    pause()\n",
        'x = "\x85\u2028\x1c"\nasync def handler():\n    pause()\n',
        '"""A\x0bB\x1dC\n"""\nasync def handler():\n    pause()\n',
        "async def handler(): pause()",
        "async def handler():\n    x = (1,\\\n      pause())",
    ],
)
def test_offsets_count_bytes(text):
    assert one_call(text) == "pause()"


def test_places_after_a_byte_order_mark_and_in_another_encoding(check, tmp_path):
    (tmp_path / "marked.py").write_bytes(
        b"\xef\xbb\xbfimport time\nasync def f():\n    time.sleep(1)\n"
    )
    (tmp_path / "latin.py").write_bytes(
        "# -*- coding: latin-1 -*-\nimport time\nasync def f():\n    'é'; time.sleep(1)\n".encode(
            "latin-1"
        )
    )
    assert [each.code for each in check({})] == ["time.sleep(1)", "time.sleep(1)"]


def test_a_call_over_several_lines_is_one_place(places):
    app = "import time\nasync def f():\n    time.sleep(\n        # é\n        1,\n    )\n"
    assert places({"app.py": app}) == ["time.sleep(\n        # é\n        1,\n    )"]


# Files that cannot be parsed


@pytest.mark.parametrize(
    "text", ["async def handler(:\n", "print 'a'\n", "x = '\0'\n", "  def f():\npass\n"]
)
def test_a_file_that_cannot_be_parsed_is_a_finding_and_others_are_reported(check, text):
    good = "import time\nasync def f():\n    time.sleep(1)\n"
    found = check({"broken.py": text, "app.py": good})
    assert [(each.location.path, each.rule) for each in found] == [
        ("app.py", "blocking-sleep"),
        ("broken.py", "unparsable-file"),
    ]
    assert found[1].severity is Severity.WARNING


def test_a_file_of_undecodable_bytes_is_a_finding(check, tmp_path):
    (tmp_path / "broken.py").write_bytes(b"x = '\xff'\n")
    (tmp_path / "cookie.py").write_bytes(b"# coding: klingon\n")
    assert [(each.location.path, each.rule) for each in check({})] == [
        ("broken.py", "unparsable-file"),
        ("cookie.py", "unparsable-file"),
    ]


def test_code_that_is_nested_very_deep_is_no_crash(check):
    deep = "x = " + "(" * 150 + "1" + ")" * 150 + "\n"
    long = "x = " + "+".join(["1"] * 5000) + "\n"
    good = "import time\nasync def f():\n    time.sleep(1)\n"
    found = check({"deep.py": deep, "long.py": long, "app.py": good})
    assert found[0].rule == "blocking-sleep"
    assert {each.rule for each in found[1:]} <= {"unparsable-file"}


def test_an_error_is_placed_at_its_line(check):
    [found] = check({"app.py": "# é\nx = 1\nasync def f(:\n"})
    assert found.location.start == len("# é\nx = 1\n".encode())


def test_an_empty_file_and_one_without_a_last_newline(check):
    assert check({"empty.py": "", "blank.py": "\n\n", "comment.py": "# nothing"}) == []


def test_numbers_and_texts_that_are_given_as_timeouts_are_noted_with_their_places():
    text = dedent(
        """
        TIMEOUT = 60 * 1000
        options = {"timeout": 5, "size": 7, "options": f"-c statement_timeout={TIMEOUT}"}
        connect("host=a connect_timeout=9", timeout=3.5, retries=4)
        wait = config.get("timeout", "30s")
        """
    )

    noted = extract("a.py", "", text).settings

    assert [(each.key, text[each.start : each.end]) for each in noted] == [
        ("TIMEOUT", "60 * 1000"),
        ("timeout", "5"),
        ("options", 'f"-c statement_timeout={TIMEOUT}"'),
        ("timeout", "3.5"),
        ("@0", '"host=a connect_timeout=9"'),
        ("", '"30s"'),
    ]
