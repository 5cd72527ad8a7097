"""Addresses of packets: making them, what was given, what was received."""

from django.urls import path

from reattune.web.sharing import views, views_draft, views_given, views_review

urlpatterns = [
    path("sessions/<uuid:id>/share/", views_draft.choose, name="share-make"),
    path("shared/", views.received, name="shares"),
    path("shared/given/", views_given.mine, name="my-shares"),
    path("shared/given/<uuid:id>/", views_given.one, name="my-packet"),
    path("shared/given/<uuid:id>/review/", views_review.review, name="packet-review"),
    path("shared/given/<uuid:id>/packet.pdf", views_given.pdf, name="my-packet-pdf"),
    path("shared/given/<uuid:id>/end/", views_given.end, name="packet-end"),
    path("shared/given/<uuid:id>/comments/", views_given.open_comments, name="packet-open"),
    path("shared/given/<uuid:id>/delete/", views_given.delete, name="packet-delete"),
    path("shared/<uuid:id>/", views.packet, name="packet"),
    path("shared/<uuid:id>/packet.pdf", views.packet_pdf, name="packet-pdf"),
]
