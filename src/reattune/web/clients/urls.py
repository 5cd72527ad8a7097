"""Addresses of clients, consents and appointments."""

from django.urls import path

from reattune.web.clients import views

urlpatterns = [
    path("clients/new/", views.new, name="client-new"),
]
