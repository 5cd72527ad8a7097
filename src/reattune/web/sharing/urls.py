"""Addresses of what was shared."""

from django.urls import path

from reattune.web.sharing import views

urlpatterns = [path("shared/", views.shares, name="shares")]
