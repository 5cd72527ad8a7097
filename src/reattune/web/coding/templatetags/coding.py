"""Filters of the pages of codings."""

from __future__ import annotations

from django import template

from reattune.web.coding.lines import label_of

register = template.Library()

register.filter("mark_name", label_of)
