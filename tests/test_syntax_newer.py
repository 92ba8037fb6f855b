"""Syntax that is newer than the running Python does not blind the analysis."""

from __future__ import annotations

import ast
import sys

import pytest

from asyncfix import lowering
from asyncfix.extract import extract


def test_calls_are_found_in_files_with_newer_syntax(places):
    app = (
        "import time\n\ntype Pair[T] = tuple[T, T]\ntype Name = str\n\n\n"
        "class Box[É: (int, list[str])]:\n"
        "    async def get[U](self, x: U) -> U:\n"
        "        try:\n            time.sleep(1)\n"
        "        except ValueError, KeyError:\n            time.sleep(2)\n"
    )

    assert places({"app.py": app}) == ["time.sleep(1)", "time.sleep(2)"]


def test_what_still_does_not_parse_is_a_finding_and_the_rest_is_reported(check):
    found = check(
        {
            "app.py": "import time\n\n\nasync def f():\n    time.sleep(1)\n",
            "odd.py": "def f[T](:\n",
        }
    )

    assert sorted(finding.rule for finding in found) == ["blocking-sleep", "unparsable-file"]


@pytest.mark.parametrize(
    "code",
    [
        'f"{requests.get("http://a")}"',
        'f"{x:{requests.get("http://a")}}"',
        'f\'{f"{requests.get("http://a")}"}\'',
        'f"{\n    requests.get("http://a")  # why\n    !r:>10}"',
        'print("a" f"b{y["k"]}" f"{requests.get("http://a")}")',
        'f"é{y["ü"]}{requests.get("http://a")}"',
        "f'{'\\n'.join([requests.get(\"http://a\")])}'",
        '[f"{y["k"]}", requests.get("http://a")][1]',
    ],
)
def test_calls_in_and_after_newer_strings_are_found_where_they_stand(places, code):
    app = f"import requests\n\n\nasync def f(x, y):\n    return {code}\n"

    assert places({"app.py": app}) == ['requests.get("http://a")']


@pytest.mark.parametrize(
    "head",
    [
        "class Box[\n    T,\n    *Ts,\n]:\n    pass\n",
        "def one[T: (int, str) = int](x: T) -> T:\n    return x\n",
        "type Alias[\n    T\n] = dict[str, T]\n",
        "try:\n    pass\nexcept ValueError, KeyError, OSError:\n    pass\n",
        "try:\n    pass\nexcept ( ValueError ), KeyError:\n    pass\n",
        "try:\n    pass\nexcept* ValueError, KeyError:\n    pass\n",
        'page = t"{one["two"]} three"\n',
    ],
)
def test_what_follows_newer_syntax_is_found_where_it_stands(places, head):
    app = f"import time\n\n{head}\nasync def f():\n    time.sleep(1)\n"

    assert places({"app.py": app}) == ["time.sleep(1)"]


def test_a_newer_string_is_text_and_its_receiver_resolved(places):
    app = (
        "import pathlib\n\n\nasync def f(y):\n"
        '    return pathlib.Path(f"{y["name"]}.txt").read_text()\n'
    )

    assert places({"app.py": app}) == ['pathlib.Path(f"{y["name"]}.txt").read_text()']


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python cannot read the code itself")
def test_a_lowered_tree_says_what_the_tree_of_a_newer_python_says():
    code = (
        'async def f(y):\n    a = f"{y["k"]!r:>{y["w"]}} and {g(y["é"])}"\n'
        '    return f"x" f"{(\n        h("z"),\n    )}" "end", k(1)\n'
    )
    tree = lowering.lowered(code, SyntaxError("older"))

    calls = [ast.dump(node, include_attributes=True) for node in _calls(tree)]
    assert calls == [ast.dump(node, include_attributes=True) for node in _calls(ast.parse(code))]


def _calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "(" * 20_000 + ")" * 20_000,
        "x = " + "-" * 20_000 + "1\nexcept",
        'x = f"{y["k"]}"\n' + "y = " + "not " * 20_000 + "1\n",
        'x = f"{y["k"]}"\n' + "if a:\n    pass\n" + "elif b:\n    pass\n" * 20_000,
        'x = f"{y["k"]}" + ' + "[" * 1_000 + "]" * 1_000,
    ],
)
def test_absurd_nesting_is_an_error_and_no_crash(code):
    assert extract("app.py", "", code).error
