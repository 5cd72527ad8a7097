"""Addresses of the caseload, the client page and search."""

from django.urls import path

from reattune.web.followup import views

urlpatterns = [
    path("clients/", views.caseload, name="caseload"),
    path("clients/<uuid:id>/", views.client, name="client"),
    path("search/", views.search, name="search"),
]
