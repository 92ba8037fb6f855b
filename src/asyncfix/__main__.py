"""Runs the command as `python -m asyncfix`."""

import os
import sys

if sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109 - what Python put there
    del sys.path[0]  # the project is read, never imported

from asyncfix.cli import command

command()
