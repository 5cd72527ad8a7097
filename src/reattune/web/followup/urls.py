"""Addresses of the caseload, its figures, and the client page."""

from django.urls import path

from reattune.web.followup import views_caseload, views_client

urlpatterns = [
    path("clients/", views_caseload.caseload, name="caseload"),
    path("clients/figures/", views_caseload.figures, name="figures"),
    path("clients/<uuid:id>/", views_client.client, name="client"),
    path("clients/<uuid:id>/sessions/", views_client.sessions, name="client-sessions"),
]
