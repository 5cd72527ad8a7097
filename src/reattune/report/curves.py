"""Curves of an evaluation as SVG: shown probability against labels, precision against recall.

Lines differ by dash as well as color; text stays text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

LINES = (
    ("", "#1d4e89"),
    ("6 3", "#b3541e"),
    ("2 3", "#2e7d5b"),
    ("9 3 2 3", "#6a4c93"),
    ("12 4", "#5c5c5c"),
)
"""Dash and color of each line, in order."""

SIZE, EDGE = 320, 44  # pixels of a panel's square and its margin
WIDE = SIZE + 2 * EDGE
FEWEST = 10  # turns in a bin of probability that is drawn

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line of (x, y) between 0 and 1; `mark` is the point to mark on it, if any."""

    name: str
    spots: Sequence[Spot]
    mark: Spot | None = None


def calibration_line(name: str, row: dict[str, Any]) -> Line:
    """Mean shown probability against the share labelled, by bin with at least FEWEST turns."""
    bins = [r for r in row["calibration"] if r["n"] >= FEWEST]
    return Line(name, [(r["predicted"], r["observed"]) for r in bins])


def precision_line(name: str, row: dict[str, Any]) -> Line:
    """Recall against precision, the operating point marked."""
    spots = [(r["recall"], r["precision"]) for r in row["precision_recall"]]
    flagged = row["true_flags"] + row["false_flags"]
    return Line(name, spots, (row["sensitivity"], row["ppv"]) if flagged and spots else None)


def render_evaluation(result: dict[str, Any]) -> str:
    """Both panels of an evaluation's families, side by side."""
    rows = {name: row for name, row in result["families"].items() if row["positives"]}
    left = panel(
        [calibration_line(name, row) for name, row in rows.items()],
        x="shown probability",
        y="share labelled",
        diagonal=True,
    )
    right = panel(
        [precision_line(name, row) for name, row in rows.items()],
        x="found (recall)",
        y="right (precision)",
        shift=WIDE,
        right=True,
    )
    title = f"{result['sessions']} sessions, operating point {result['operating_point']}"
    return svg(left + right, 2 * WIDE, title)


def render_calibration(lines: Sequence[Line], title: str) -> str:
    """The calibration panel alone."""
    inside = panel(lines, x="shown probability", y="share marked by coders", diagonal=True)
    return svg(inside, WIDE, title)


def svg(inside: str, width: int, title: str) -> str:
    """The document around panels; `title` is read by screen readers and drawn below."""
    name = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {WIDE + 12}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{name}</title>'
        f'<rect width="{width}" height="{WIDE + 12}" fill="#fff"/>{inside}'
        f'<text x="{width / 2}" y="{WIDE + 4}" text-anchor="middle" fill="#555">{name}</text>'
        "</svg>\n"
    )


def panel(
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    shift: int = 0,
    diagonal: bool = False,
    right: bool = False,
) -> str:
    """A square with axes from 0 to 1, its lines and their legend (at the right where asked)."""
    end, middle = EDGE + SIZE, EDGE + SIZE / 2
    ticks = "".join(
        f'<text x="{EDGE + SIZE * v:.0f}" y="{end + 16}" text-anchor="middle">{v:.1f}</text>'
        f'<text x="{EDGE - 8}" y="{end - SIZE * v + 4:.0f}" text-anchor="end">{v:.1f}</text>'
        for v in (0, 0.5, 1)
    )
    slope = f'<line x1="{EDGE}" y1="{end}" x2="{end}" y2="{EDGE}" stroke="#bbb"/>'
    drawn = "\n".join(drawn_line(k, line, right=right) for k, line in enumerate(lines))
    return (
        f'<g transform="translate({shift} 0)">'
        f'<rect x="{EDGE}" y="{EDGE}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#999"/>'
        f"{slope if diagonal else ''}{ticks}"
        f'<text x="{middle}" y="{end + 32}" text-anchor="middle">{x}</text>'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{y}'
        f"</text>{drawn}</g>\n"
    )


def drawn_line(k: int, line: Line, *, right: bool) -> str:
    """One line, its dots, its mark and its entry in the legend."""
    dash, color = LINES[k % len(LINES)]
    style = f'stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"'
    at = [place(spot) for spot in line.spots]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    shapes = [f'<polyline points="{path}" fill="none" {style}/>']
    dots = [(place(line.mark), 5)] if line.mark else [] if right else [(spot, 3) for spot in at]
    shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{color}"/>' for (x, y), r in dots]
    x, y = EDGE + (SIZE - 130 if right else 10), EDGE + 16 + 18 * k
    shapes.append(
        f'<line x1="{x}" x2="{x + 30}" y1="{y}" y2="{y}" {style}/>'
        f'<text x="{x + 36}" y="{y + 4}">{escape(line.name)}</text>'
    )
    return "".join(shapes)


def place(spot: Spot) -> Spot:
    """Where a point between 0 and 1 lies in the panel, in pixels."""
    return EDGE + SIZE * spot[0], EDGE + SIZE * (1 - spot[1])
