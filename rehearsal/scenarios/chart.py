"""The request chart with the steps over it, as numbers that an SVG can be drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, PLOT_HEIGHT, ROW_HEIGHT = 960.0, 150.0, 22.0
TICKS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300)


@dataclass(frozen=True)
class Bar:
    """One stretch of time: answered and lost requests stacked. In pixels, from the top left of the plot."""

    x: float
    width: float
    answered_y: float
    answered_height: float
    lost_height: float
    title: str


@dataclass(frozen=True)
class Span:
    """A step: where its bar is, and what is told about it."""

    x: float
    width: float
    y: float
    name: str
    status: str
    title: str


@dataclass(frozen=True)
class Chart:
    width: float
    height: float
    plot_y: float
    plot_height: float
    row_height: float
    spans: tuple[Span, ...]
    bars: tuple[Bar, ...]
    latency: str
    """The 99th percentile over time, as the points of an SVG polyline."""
    highest_ms: float
    most: int
    ticks: tuple[tuple[float, str], ...]


def draw(
    timeline: Sequence[Mapping[str, Any]], width_seconds: float, steps: Sequence[Mapping[str, Any]]
) -> Chart | None:
    """A chart of the buckets of report.json's `timeline` and the steps beside them; None when there is nothing."""
    marks = [step for step in steps if step["started"] is not None and step["ended"] is not None]
    moments = [bucket["start"] for bucket in timeline] + [step["started"] for step in marks]
    if not moments:
        return None
    start = min(moments)
    end = max([bucket["start"] + width_seconds for bucket in timeline] + [step["ended"] for step in marks])
    scale = WIDTH / max(end - start, 0.1)
    plot_y = len(marks) * ROW_HEIGHT + 8
    most = max((bucket["sent"] for bucket in timeline), default=0)
    highest = max((bucket["p99_ms"] or 0 for bucket in timeline), default=0)
    return Chart(
        width=WIDTH,
        height=plot_y + PLOT_HEIGHT + 24,
        plot_y=plot_y,
        plot_height=PLOT_HEIGHT,
        row_height=ROW_HEIGHT,
        spans=tuple(_span(step, row, start, scale) for row, step in enumerate(marks)),
        bars=tuple(_bar(bucket, start, scale, width_seconds, (plot_y, most)) for bucket in timeline),
        latency=" ".join(
            f"{(bucket['start'] - start + width_seconds / 2) * scale:.1f},"
            f"{plot_y + PLOT_HEIGHT * (1 - bucket['p99_ms'] / highest):.1f}"
            for bucket in timeline
            if bucket["p99_ms"] is not None and highest
        ),
        highest_ms=highest,
        most=most,
        ticks=_ticks(end - start, scale),
    )


def _span(step: Mapping[str, Any], row: int, start: float, scale: float) -> Span:
    x, width = (step["started"] - start) * scale, max((step["ended"] - step["started"]) * scale, 2)
    title = f"{step['name']} ({step['action']}): {step['status']}, {step['seconds']} s"
    return Span(round(x, 1), round(width, 1), row * ROW_HEIGHT, step["name"], step["status"], title)


def _bar(bucket: Mapping[str, Any], start: float, scale: float, seconds: float, plot: tuple[float, int]) -> Bar:
    """`plot` is the plot's top, and the count of requests that fills its height."""
    plot_y, most = plot
    sent, lost = bucket["sent"], bucket["lost"]
    height = PLOT_HEIGHT * sent / most if most else 0
    lost_height = PLOT_HEIGHT * lost / most if most else 0
    offset = bucket["start"] - start
    latency = f", 99 % within {bucket['p99_ms']:.0f} ms" if bucket["p99_ms"] is not None else ""
    return Bar(
        x=round(offset * scale, 1),
        width=round(max(seconds * scale - 1, 1), 1),
        answered_y=round(plot_y + PLOT_HEIGHT - height, 1),
        answered_height=round(height - lost_height, 1),
        lost_height=round(lost_height, 1),
        title=f"{offset:.1f} s: {sent} sent, {lost} lost{latency}",
    )


def _ticks(seconds: float, scale: float) -> tuple[tuple[float, str], ...]:
    step = next((tick for tick in TICKS if seconds / tick <= 12), TICKS[-1])  # noqa: PLR2004 - labels that fit
    return tuple((round(index * step * scale, 1), f"{index * step:g} s") for index in range(int(seconds / step) + 1))
