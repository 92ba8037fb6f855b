"""Views of a linked project: its routes, and its call graph."""
