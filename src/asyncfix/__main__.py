"""Runs the command as `python -m asyncfix`."""

from asyncfix.cli import command

command()
