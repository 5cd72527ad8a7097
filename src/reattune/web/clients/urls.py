"""Addresses of clients, consents and appointments."""

from django.urls import path

from reattune.web.clients import (
    views,
    views_appointments,
    views_consents,
    views_delete,
    views_export,
    views_import,
)

urlpatterns = [
    path("clients/new/", views.new, name="client-new"),
    path("clients/archived/", views.archived, name="clients-archived"),
    path("clients/<uuid:id>/details/", views.edit, name="client-edit"),
    path("clients/<uuid:id>/end/", views.end, name="client-end"),
    path("clients/<uuid:id>/archive/", views.archive, name="client-archive"),
    path("clients/<uuid:id>/consents/", views_consents.page, name="consents"),
    path("clients/<uuid:id>/consents/text/", views_consents.text, name="consent-text"),
    path(
        "clients/<uuid:id>/consents/<slug:purpose>/revoke/",
        views_consents.revoke,
        name="consent-revoke",
    ),
    path("clients/<uuid:id>/appointments/", views_appointments.page, name="appointments"),
    path("clients/<uuid:id>/appointments/import/", views_import.choose, name="appointments-import"),
    path(
        "clients/<uuid:id>/appointments/import/save/",
        views_import.save,
        name="appointments-import-save",
    ),
    path(
        "clients/<uuid:id>/appointments/<uuid:appointment>/",
        views_appointments.edit,
        name="appointment",
    ),
    path(
        "clients/<uuid:id>/appointments/<uuid:appointment>/status/",
        views_appointments.quick,
        name="appointment-status",
    ),
    path(
        "clients/<uuid:id>/appointments/<uuid:appointment>/delete/",
        views_appointments.delete,
        name="appointment-delete",
    ),
    path("clients/<uuid:id>/export/", views_export.page, name="client-export"),
    path("clients/<uuid:id>/delete/", views_delete.client, name="client-delete"),
    path("scores.csv", views_export.scores, name="scores-all-csv"),
]
