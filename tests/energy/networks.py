"""Networks as text; the format stands in crates/solvers/examples/methods/text.rs."""

import sys


def read():
    """Each network of the standard input: arcs (tail, head, capacity, value), and what each node is given."""
    arcs, given = [], []
    for line in sys.stdin:
        word, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if word == "network":
            arcs, given = [], [0] * numbers[0]
        elif word == "given":
            given[numbers[0]] = numbers[1]
        elif word == "arc":
            arcs.append(tuple(numbers))
        elif word == "end":
            yield arcs, given
        else:
            raise ValueError(f"{word!r} begins no line of a network")


def answer(clear):
    """A line for each network, as `clear` gives its welfare, highest and lowest prices: the price is floor((highest + lowest) / 2)."""
    for arcs, given in read():
        welfare, highest, lowest = clear(arcs, given)
        print("welfare", welfare, "prices", *((high + low) // 2 for high, low in zip(highest, lowest)))
