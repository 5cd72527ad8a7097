"""The address of search."""

from django.urls import path

from reattune.web.search import views

urlpatterns = [path("search/", views.find, name="search")]
