"""Files become facts on any executor: in batches, in order, and with what cannot be read told."""

from concurrent.futures import Executor, Future, ThreadPoolExecutor

import msgspec

from asyncfix.cache import Made
from asyncfix.facts import FileFacts
from asyncfix.reading import Source, extract_batch, extracted, map_batches, sources

LONG = "# " + "x" * 150_000 + "\n"


def functions(made):
    file = msgspec.msgpack.decode(msgspec.msgpack.decode(made, type=Made).facts, type=FileFacts)
    return [each.name for each in file.functions[1:]]


class Recording(Executor):
    """Runs at once what it is given, and notes it."""

    def __init__(self, events):
        self.events = events

    def submit(self, function, batch):
        """Run a task, and return what it gave."""
        self.events.append(("task", [source.path for source in batch]))
        done = Future()
        done.set_result(function(batch))
        return done


def test_facts_come_with_the_path_of_their_file():
    files = [Source(f"m{n}.py", f"{LONG}def f{n}(): pass\n") for n in range(8)]

    with ThreadPoolExecutor(2) as executor:
        found = [(path, functions(made)) for path, made in map_batches(executor, files)]

    assert found == [(f"m{n}.py", [f"f{n}"]) for n in range(8)]


def test_a_batch_begins_before_all_files_are_read():
    events = []

    def files():
        for n in range(4):
            events.append(("read", f"m{n}.py"))
            yield Source(f"m{n}.py", LONG)

    list(map_batches(Recording(events), files(), lambda: events.append("meanwhile")))

    assert events == [
        ("read", "m0.py"),
        ("read", "m1.py"),
        ("read", "m2.py"),
        ("task", ["m0.py", "m1.py", "m2.py"]),
        ("read", "m3.py"),
        ("task", ["m3.py"]),
        "meanwhile",
    ]


def test_few_files_are_read_in_this_process():
    events = []
    files = [Source("m.py", "def f(): pass\n")]

    found = list(extracted(files, 14, 2, lambda: events.append("meanwhile")))

    assert [(path, functions(made)) for path, made in found] == [("m.py", ["f"])]
    assert events == []


def test_a_file_that_cannot_be_opened_is_told_and_left_out(tmp_path):
    (tmp_path / "here.py").write_text("a = 1\n")
    errors = []

    found = list(sources(tmp_path, ["gone.py", "here.py"], {}, errors))

    assert found == [Source("here.py", "a = 1\n")]
    assert errors == ["cannot read gone.py: No such file or directory"]


def test_a_file_that_is_no_text_has_an_error_for_facts(tmp_path):
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")

    (source,) = sources(tmp_path, ["binary.py"], {}, [])
    facts = msgspec.msgpack.decode(extract_batch([source])[0], type=Made).facts

    assert "can't decode" in source.error
    assert msgspec.msgpack.decode(facts, type=FileFacts).error == source.error
