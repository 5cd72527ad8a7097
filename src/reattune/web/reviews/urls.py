"""Addresses of uploads and sessions."""

from django.urls import path

from reattune.web.reviews import views

urlpatterns = [
    path("clients/<uuid:id>/upload/", views.upload, name="upload"),
    path("sessions/<uuid:id>/", views.session, name="session"),
]
