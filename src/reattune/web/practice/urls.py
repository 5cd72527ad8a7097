"""Addresses of practice."""

from django.urls import path

from reattune.web.practice import views_index, views_share, views_talk

urlpatterns = [
    path("rehearse/", views_index.index, name="rehearse"),
    path("rehearse/scenarios/<slug:id>/", views_index.scenario, name="rehearse-scenario"),
    path("rehearse/drills/", views_index.drills, name="rehearse-drills"),
    path("rehearse/talks/", views_index.talks, name="rehearse-talks"),
    path("rehearse/talks/delete/", views_index.delete_all, name="rehearse-delete-all"),
    path("rehearse/progress/", views_index.progress, name="rehearse-progress"),
    path("rehearse/talks/<uuid:id>/", views_talk.talk, name="rehearse-talk"),
    path("rehearse/talks/<uuid:id>/reply/", views_talk.reply, name="rehearse-reply"),
    path("rehearse/talks/<uuid:id>/contest/", views_talk.contest, name="rehearse-contest"),
    path("rehearse/talks/<uuid:id>/end/", views_talk.end, name="rehearse-end"),
    path("rehearse/talks/<uuid:id>/after/", views_talk.after, name="rehearse-after"),
    path("rehearse/talks/<uuid:id>/delete/", views_talk.delete, name="rehearse-delete"),
    path("rehearse/talks/<uuid:id>/share/", views_share.share, name="rehearse-share"),
    path("rehearse/shares/<uuid:id>/end/", views_share.end, name="rehearse-share-end"),
    path("rehearse/shared/", views_share.received, name="rehearse-received"),
    path("rehearse/shared/<uuid:id>/", views_share.shown_to_me, name="rehearse-shared"),
]
