"""Tags of the session page's Django templates; its large regions are Jinja (regions.py)."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reattune.report.words import clean, percent
from reattune.web.reviews import regions, told
from reattune.web.reviews.page import marked_up

register = template.Library()

SYMBOL = (
    '<svg class="sym {}" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">'
    '<use href="#sym-{}"/></svg>'
)

register.filter("family_name", regions.family_name)
register.filter("role_name", regions.role_name)
register.filter("quoted", regions.quoted)
register.filter("marked_up", marked_up)
register.filter("risk_told", told.risk_told)
register.filter("safe_text", clean)


@register.simple_tag
def symbol(family: str) -> SafeString:
    """The symbol of a family: a sign of strain, a repair move, a misstep."""
    return format_html(SYMBOL, family, family if family in ("repair", "misstep") else "sign")


@register.filter
def likely(share: float | None) -> str:
    """A share as whole percent, never a false 0 or 100."""
    return "" if share is None else percent(share)


@register.filter
def whole_percent(share: float) -> int:
    """A share as whole percent, a number that reads the same in every language."""
    return round(100 * share)
