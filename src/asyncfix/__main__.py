"""Runs the command as `python -m asyncfix`."""

import sys

from asyncfix.cli import command

command()
