"""Template tags and filters that every template has."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reattune import __version__

register = template.Library()


@register.filter
def day(value: date | None) -> str:
    """A date as people write it in the page's language, such as "March 12, 2026"."""
    return formats.date_format(value, "DATE_FORMAT") if value else ""


@register.filter
def percent(value: float | None) -> str:
    """A share as whole percent."""
    return "" if value is None else f"{100 * value:.0f} %"


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file, with the version so that a browser never keeps an old one."""
    return f"{static(path)}?v={__version__}"


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative symbol of static/web/icons.svg."""
    href = f"{asset('web/icons.svg')}#{name}"
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.inclusion_tag("web/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A form's field with label, help and errors, tied together for screen readers."""
    return {"field": {"bound": bound, "errors": bound.errors, "is_check": is_check(bound)}}


@register.inclusion_tag("web/form.html")
def fields(form: Any) -> dict[str, Any]:
    """All fields of a form."""
    return {"form": form}


def is_check(bound: BoundField) -> bool:
    """Whether the field is one checkbox, whose label stands behind it."""
    return type(bound.field.widget) is CheckboxInput
