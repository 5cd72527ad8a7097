"""Reports for people: one self-contained HTML file, and a short one for the terminal."""

from reattune.report.consider import Consideration, considerations
from reattune.report.html import render_html
from reattune.report.terminal import render_terminal

__all__ = ["Consideration", "considerations", "render_html", "render_terminal"]
