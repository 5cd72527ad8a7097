"""Addresses of the API, of its schema and of the page about it."""

from django.urls import include, path, re_path

from reattune.web.api import api, views

urlpatterns = [
    path("api/", views.docs, name="api-docs"),
    path("api/v1/openapi.json", views.openapi, name="api-schema"),
    path("api/v1/", include((api.paths(), "api"))),
    re_path(r"^api/v1(?:/(?P<rest>[\s\S]*))?\Z", api.nowhere),  # any address, line feeds in it too
]
