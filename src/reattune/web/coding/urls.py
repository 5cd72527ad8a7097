"""Addresses of codings."""

from django.urls import path

from reattune.web.coding import (
    views_coding,
    views_compare,
    views_import,
    views_index,
    views_pair,
)

urlpatterns = [
    path("codings/", views_index.index, name="codings"),
    path("sessions/<uuid:id>/moments/", views_coding.moments, name="moments"),
    path("sessions/<uuid:id>/second-coder/", views_pair.invite, name="pairing-make"),
    path("sessions/<uuid:id>/codings/import/", views_import.choose, name="codings-import"),
    path("sessions/<uuid:id>/codings/take/", views_import.take, name="codings-take"),
    path("sessions/<uuid:id>/codings/<uuid:coding>/drop/", views_import.drop, name="codings-drop"),
    path("codings/<uuid:id>/", views_coding.coding, name="coding"),
    path("codings/<uuid:id>/mark/", views_coding.mark, name="coding-mark"),
    path("codings/<uuid:id>/rate/", views_coding.rate, name="coding-rate"),
    path("codings/<uuid:id>/done/", views_coding.done, name="coding-done"),
    path("codings/<uuid:id>/again/", views_coding.again, name="coding-again"),
    path("codings/<uuid:id>/compare/", views_compare.comparison, name="coding-compare"),
    path("codings/<uuid:id>/discuss/", views_compare.discuss, name="coding-discuss"),
    path("codings/<uuid:id>/label/", views_compare.label, name="coding-label"),
    path("codings/<uuid:id>/export/", views_compare.export, name="coding-export"),
    path("second/<uuid:id>/", views_pair.pairing, name="pairing"),
    path("second/<uuid:id>/start/", views_pair.start, name="pairing-start"),
    path("second/<uuid:id>/settle/", views_pair.settle, name="pairing-settle"),
    path("second/<uuid:id>/end/", views_pair.end, name="pairing-end"),
    path("second/<uuid:id>/words/", views_pair.words, name="pairing-words"),
    path("second/<uuid:id>/export/", views_pair.export, name="pairing-export"),
]
