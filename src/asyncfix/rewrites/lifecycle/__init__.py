"""Rewrites of who owns a service: accessors, start and stop, what routes are given."""
