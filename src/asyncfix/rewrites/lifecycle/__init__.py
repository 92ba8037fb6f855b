"""Rewrites of who owns a service: accessors, start and stop, what routes are given."""

from __future__ import annotations

from asyncfix.rewrites.lifecycle.awaited_caches import cached_coroutine
from asyncfix.rewrites.lifecycle.closed import client_at_import, unclosed_client
from asyncfix.rewrites.lifecycle.handlers import startup_event
from asyncfix.rewrites.lifecycle.per_call import client_per_call
from asyncfix.rewrites.lifecycle.singleton import lazy_singleton

REWRITES = {
    "cached-coroutine": cached_coroutine,
    "client-at-import": client_at_import,
    "client-per-call": client_per_call,
    "lazy-singleton": lazy_singleton,
    "startup-event": startup_event,
    "unclosed-client": unclosed_client,
}
