"""Draw docs/terminal.svg: what `asyncfix check` prints for docs/example, in its colours.

python docs/picture.py
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent
PICTURE = FOLDER / "terminal.svg"
COLUMNS = 100
COMMAND = "asyncfix check"
_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # a page must load nothing


def picture() -> str:
    """Return the picture as SVG."""
    run = [sys.executable, "-m", "asyncfix", "check", "--no-cache", "--color", "always"]
    done = subprocess.run(
        run,
        cwd=FOLDER / "example",
        env={"COLUMNS": str(COLUMNS)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.assemble(("$ ", "bold"), COMMAND))
    console.print(Text.from_ansi("\n".join(done.stdout.splitlines()[:-1])))  # not the seconds
    return console.export_svg(title="asyncfix", code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT))


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
