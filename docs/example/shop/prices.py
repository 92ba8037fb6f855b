"""What things cost."""

from shop import rates

EUROS = {1: 20.0, 2: 35.0}


def in_dollars(number: int) -> float:
    return EUROS[number] * rates.latest("USD")
