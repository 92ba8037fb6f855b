"""Which fixes go together; the proof that they hold; writing them all or not at all; undo."""
