"""Runs the command as `python -m asyncfix`."""

import sys

from asyncfix.cli import main

sys.exit(main())
