"""Addresses of uploads and sessions."""

from django.urls import path

from reattune.web.reviews import (
    views_analysis,
    views_jobs,
    views_manage,
    views_session,
    views_upload,
)

urlpatterns = [
    path("clients/<uuid:id>/upload/", views_upload.upload, name="upload"),
    path("clients/<uuid:id>/upload/dates/", views_upload.dates, name="upload-dates"),
    path("sessions/<uuid:id>/details/", views_manage.edit, name="session-edit"),
    path("sessions/<uuid:id>/speakers/", views_manage.roles, name="session-roles"),
    path("sessions/<uuid:id>/delete/", views_manage.delete, name="session-delete"),
    path("reading/", views_jobs.page, name="jobs"),
    path("reading/<uuid:id>/again/", views_jobs.again, name="job-again"),
    path("reading/<uuid:id>/cancel/", views_jobs.cancel, name="job-cancel"),
    # The session page
    path("sessions/<uuid:id>/", views_session.session, name="session"),
    path("sessions/<uuid:id>/judge/", views_session.judge, name="judge"),
    path("sessions/<uuid:id>/noticed/", views_session.noticed, name="noticed"),
    path("sessions/<uuid:id>/note/", views_session.note, name="note"),
    path("sessions/<uuid:id>/progress/", views_analysis.progress, name="session-progress"),
    path("sessions/<uuid:id>/again/", views_analysis.again, name="session-again"),
    path(
        "sessions/<uuid:id>/corrections/",
        views_analysis.session_corrections,
        name="session-corrections",
    ),
    path("corrections/", views_analysis.corrections, name="corrections"),
]
