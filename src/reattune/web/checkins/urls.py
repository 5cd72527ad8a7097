"""Addresses of check-ins: a client's forms, links, the tablet, and a practice's instruments."""

from django.urls import path

from reattune.web.checkins import (
    kiosk,
    views,
    views_answer,
    views_entry,
    views_instruments,
    views_link,
)

OF = "clients/<uuid:id>/checkins/"

urlpatterns = [
    path(OF, views.checkins, name="checkins"),
    path(f"{OF}scores.csv", views.scores_csv, name="scores-csv"),
    path(f"{OF}link/", views_link.make, name="link-make"),
    path(f"{OF}link/send/", views_link.send, name="link-send"),
    path(f"{OF}link/<int:link>/revoke/", views.revoke, name="link-revoke"),
    path(f"{OF}tablet/", kiosk.start, name="kiosk-start"),
    path(f"{OF}paper/", views_entry.paper, name="paper"),
    path(f"{OF}mirror/", views_entry.mirror, name="mirror"),
    path(f"{OF}<uuid:answer>/", views_entry.edit, name="answer-edit"),
    path(f"{OF}<uuid:answer>/delete/", views.delete, name="answer-delete"),
    path("instruments/", views_instruments.listed, name="instruments"),
    path("instruments/<slug:slug>/file/", views_instruments.file, name="instrument-file"),
    path("instruments/<slug:slug>/remove/", views_instruments.remove, name="instrument-remove"),
    path("answer/<str:token>/", views_answer.answer, name="answer"),
    path("kiosk/", kiosk.kiosk, name="kiosk"),
    path("kiosk/leave/", kiosk.leave, name="kiosk-leave"),
]
