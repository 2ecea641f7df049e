"""Time cut into pieces of one state each: joined, and laid over one another."""

from collections.abc import Collection, Sequence

from analytics.reports.types import State
from analytics.times import Span

Piece = tuple[int, int, State]
"""From, to (microseconds since the epoch), and the state between."""


def coalesce(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one state become one piece."""
    merged: list[Piece] = []
    for start_us, end_us, state in pieces:
        if merged and merged[-1][2] is state and merged[-1][1] == start_us:
            merged[-1] = (merged[-1][0], end_us, state)
        else:
            merged.append((start_us, end_us, state))
    return merged


def overlay(
    pieces: Sequence[Piece], spans: Sequence[Span], state: State, *, spare: Collection[State] = ()
) -> list[Piece]:
    """The pieces with `state` laid over them in the spans, but for pieces of the spared states.

    Pieces and spans come in order, without overlap.
    """
    laid: list[Piece] = []
    first = 0
    for start_us, end_us, under in pieces:
        while first < len(spans) and spans[first][1] <= start_us:
            first += 1
        cursor_us = start_us
        if under not in spare:
            for from_us, until_us in spans[first:]:
                if from_us >= end_us:
                    break
                if from_us > cursor_us:
                    laid.append((cursor_us, from_us, under))
                    cursor_us = from_us
                laid.append((cursor_us, min(until_us, end_us), state))
                cursor_us = min(until_us, end_us)
        if cursor_us < end_us:
            laid.append((cursor_us, end_us, under))
    return coalesce(laid)
