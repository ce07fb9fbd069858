"""Clears networks by successive shortest paths: a third method, in another language, by nobody's code but this file's.

Nothing but the format is shared with the other methods, so that an error in one of them shows. Standard library only.
"""

import heapq

from networks import answer


class Graph:
    """Residual edges in pairs: edge e and its reverse e ^ 1."""

    def __init__(self, nodes):
        self.to, self.room, self.cost = [], [], []
        self.of = [[] for _ in range(nodes)]

    def add(self, tail, head, capacity, cost):
        for end, start, room, sign in ((head, tail, capacity, 1), (tail, head, 0, -1)):
            self.of[start].append(len(self.to))
            self.to.append(end)
            self.room.append(room)
            self.cost.append(sign * cost)

    def push(self, edge, wh):
        self.room[edge] -= wh
        self.room[edge ^ 1] += wh


def solve(graph, given):
    """Fills every arc that gains, which leaves excesses, then carries them along shortest paths to where something lacks."""
    nodes = len(given)
    excess = list(given)
    for edge in range(0, len(graph.to), 2):
        if graph.cost[edge] < 0:
            wh = graph.room[edge]
            excess[graph.to[edge ^ 1]] -= wh
            excess[graph.to[edge]] += wh
            graph.push(edge, wh)
    excess[0] -= sum(excess)
    potential = [0] * nodes
    for start in range(nodes):
        while excess[start] > 0:
            distance, by = dijkstra(graph, potential, start)
            end = min((node for node in range(nodes) if excess[node] < 0 and node in distance), key=distance.get)
            far = distance[end]
            for node in range(nodes):
                potential[node] += min(distance.get(node, far), far)
            path, node = [], end
            while node != start:
                path.append(by[node])
                node = graph.to[by[node] ^ 1]
            wh = min([excess[start], -excess[end]] + [graph.room[edge] for edge in path])
            for edge in path:
                graph.push(edge, wh)
            excess[start] -= wh
            excess[end] += wh


def dijkstra(graph, potential, start):
    distance, by, queue, done = {start: 0}, {}, [(0, start)], set()
    while queue:
        here, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        for edge in graph.of[node]:
            to = graph.to[edge]
            if graph.room[edge] > 0 and to not in done:
                found = here + graph.cost[edge] + potential[node] - potential[to]
                if to not in distance or found < distance[to]:
                    distance[to], by[to] = found, edge
                    heapq.heappush(queue, (found, to))
    return distance, by


def from_outside(graph, nodes, forwards):
    """Shortest residual paths from the outside, or to it, by Bellman and Ford."""
    distance = [None] * nodes
    distance[0] = 0
    for _ in range(nodes):
        changed = False
        for edge in range(len(graph.to)):
            near, far = (graph.to[edge ^ 1], graph.to[edge]) if forwards else (graph.to[edge], graph.to[edge ^ 1])
            if graph.room[edge] > 0 and distance[near] is not None:
                found = distance[near] + graph.cost[edge]
                if distance[far] is None or found < distance[far]:
                    distance[far], changed = found, True
        if not changed:
            return distance
    raise ValueError("a circle gains: the flow is not the best one")


def clear(arcs, given):
    graph = Graph(len(given))
    for tail, head, capacity, value in arcs:
        graph.add(tail, head, capacity, -value)
    solve(graph, given)
    highest = from_outside(graph, len(given), True)
    lowest = [-length for length in from_outside(graph, len(given), False)]
    welfare = sum(value * graph.room[2 * arc + 1] for arc, (_, _, _, value) in enumerate(arcs))
    return welfare, highest, lowest


answer(clear)
