"""Rewrites of who owns a service: accessors, start and stop, what routes are given."""

from __future__ import annotations

from asyncfix.rewrites.lifecycle.handlers import startup_event
from asyncfix.rewrites.lifecycle.singleton import lazy_singleton

REWRITES = {"lazy-singleton": lazy_singleton, "startup-event": startup_event}
