"""Addresses of the journal, all under /journal/, which its cookie is bound to."""

from django.urls import path

from reattune.web.journal import views

urlpatterns = [
    path("journal/", views.journal, name="journal"),
    path("journal/new/", views.write, name="journal-new"),
    path("journal/lock/", views.close, name="journal-lock"),
    path("journal/passphrase/", views.passphrase, name="journal-passphrase"),
    path("journal/forgotten/", views.forgotten, name="journal-forgotten"),
    path("journal/<uuid:id>/", views.write, name="journal-entry"),
    path("journal/<uuid:id>/delete/", views.delete, name="journal-delete"),
]
