"""The rules that come with asyncfix: data only, read with importlib.resources."""
