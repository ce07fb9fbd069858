"""Clears networks by HiGHS: the flow as one linear programme, the extreme prices as two more.

Optimal prices form a lattice, so the prices that obey every residual edge and have the greatest sum are all the highest ones. With `--time`
only the flows are computed, and the processor time of that is written in milliseconds.
"""

import sys
import time

import highspy
from networks import answer, read

# Values are whole micro-units, so the corners of these programmes are whole numbers; anything else is an error, not rounded.
NEAR = 1e-3


def programme(costs, lower, upper, rows, sense):
    """Maximises or minimises; rows are (lower, upper, [(column, factor)])."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_, lp.sense_ = len(costs), len(rows), sense
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = costs, lower, upper
    lp.row_lower_, lp.row_upper_ = [row[0] for row in rows], [row[1] for row in rows]
    starts, index, value = [0], [], []
    for _, _, entries in rows:
        index += [column for column, _ in entries]
        value += [factor for _, factor in entries]
        starts.append(len(index))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, index, value
    highs = highspy.Highs()
    highs.silent()
    for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        highs.setOptionValue(tolerance, 1e-9)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError(f"HiGHS says {highs.modelStatusToString(highs.getModelStatus())}")
    return highs


def whole(numbers):
    if any(abs(number - round(number)) > NEAR for number in numbers):
        raise ValueError("a corner is not whole")
    return [round(number) for number in numbers]


def solve(arcs, given):
    balance = [[] for _ in given]
    for column, (tail, head, _, _) in enumerate(arcs):
        if tail != head:
            balance[tail].append((column, -1.0))
            balance[head].append((column, 1.0))
    # The outside's balance follows from the others'.
    rows = [(-wh, -wh, entries) for wh, entries in zip(given[1:], balance[1:])]
    bounds = [0] * len(arcs), [capacity for _, _, capacity, _ in arcs]
    return programme([value for *_, value in arcs], *bounds, rows, highspy.ObjSense.kMaximize)


def prices(arcs, flows, nodes, sense):
    rows = []
    for (tail, head, capacity, value), flow in zip(arcs, flows):
        if tail != head:
            difference = [(head, 1.0), (tail, -1.0)]
            if flow < capacity:
                rows.append((-highspy.kHighsInf, -value, difference))
            if flow > 0:
                rows.append((-value, highspy.kHighsInf, difference))
    free = [0] + [highspy.kHighsInf] * (nodes - 1)
    costs = [0] + [1] * (nodes - 1)
    return whole(programme(costs, [-bound for bound in free], free, rows, sense).getSolution().col_value)


def clear(arcs, given):
    flows = whole(solve(arcs, given).getSolution().col_value)
    highest = prices(arcs, flows, len(given), highspy.ObjSense.kMaximize)
    lowest = prices(arcs, flows, len(given), highspy.ObjSense.kMinimize)
    return sum(value * flow for (*_, value), flow in zip(arcs, flows)), highest, lowest


def timed():
    for arcs, given in read():
        began = time.process_time()
        highs = solve(arcs, given)
        print(f"{(time.process_time() - began) * 1000:.1f} ms, value {round(highs.getObjectiveValue())}")


if sys.argv[1:] == ["--time"]:
    timed()
else:
    answer(clear)
