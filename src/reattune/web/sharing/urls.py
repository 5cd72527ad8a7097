"""Addresses of what is shared and what was shared."""

from django.urls import path

from reattune.web.sharing import views, views_given

urlpatterns = [
    path("sessions/<uuid:id>/share/", views_given.make, name="share-make"),
    path("shared/", views.shares, name="shares"),
    path("shared/given/", views_given.mine, name="my-shares"),
    path("shared/given/<uuid:id>/", views_given.one, name="my-share"),
    path("shared/given/<uuid:id>/end/", views_given.end, name="share-end"),
    path("shared/<uuid:id>/", views.share, name="share"),
]
