"""Every address, by area."""

from django.urls import include, path

from reattune.web import demo

urlpatterns = [
    path("demo/", demo.enter, name="demo"),
    path("", include("reattune.web.accounts.urls")),
    path("", include("reattune.web.clients.urls")),
    path("", include("reattune.web.reviews.urls")),
    path("", include("reattune.web.checkins.urls")),
    path("", include("reattune.web.followup.urls")),
    path("", include("reattune.web.plans.urls")),
    path("", include("reattune.web.journal.urls")),
    path("", include("reattune.web.sharing.urls")),
    path("", include("reattune.web.coding.urls")),
    path("", include("reattune.web.practice.urls")),
    path("", include("reattune.web.search.urls")),
    path("", include("reattune.web.api.urls")),
]

handler400 = "reattune.web.errors.bad_request"
handler403 = "reattune.web.errors.denied"
handler404 = "reattune.web.errors.missing"
handler500 = "reattune.web.errors.broken"
