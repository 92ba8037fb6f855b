"""One way of finding trouble per module: `find` nominates from facts, `examine` looks at syntax."""
