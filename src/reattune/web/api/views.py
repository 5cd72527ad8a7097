"""The page about the API, and its schema."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reattune.web.api import reference
from reattune.web.api.api import PREFIX, schema
from reattune.web.middleware import public


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation, from the schema. No account's records are on it."""
    context = {
        "groups": reference.groups(),
        "shapes": reference.shapes(),
        "base": request.build_absolute_uri(PREFIX),
        "limit": settings.API_PER_MINUTE,
    }
    return render(request, "api/docs.html", context)


@public
@require_safe
def openapi(request: HttpRequest) -> JsonResponse:
    """The schema, the same in every practice and for everybody: it tells of no record."""
    del request
    return JsonResponse(schema())
