"""The whole program: names across files, types of receivers, the call graph, what blocks."""
