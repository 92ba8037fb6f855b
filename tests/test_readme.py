"""The README: its table of rules is generated and current.

To bring it up to date: `python tests/test_readme.py`.
"""

from pathlib import Path

from asyncfix.packs import builtin_texts, load

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- rules: generated, tests/test_readme.py says how -->\n"
END = "<!-- end of rules -->"


def table():
    rules = load(builtin_texts()).rules.values()
    rows = [
        f"| `{rule.name}` | {rule.severity}{', in preview' if rule.preview else ''} "
        f"| {rule.summary} |\n"
        for rule in sorted(rules, key=lambda rule: (rule.group, rule.name))
    ]
    return "".join(["| rule | severity | finds |\n", "|---|---|---|\n", *rows])


def test_the_table_of_rules_is_current():
    text = README.read_text(encoding="utf-8")

    assert text.partition(BEGIN)[2].partition(END)[0] == table()


if __name__ == "__main__":
    head, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(head + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")
