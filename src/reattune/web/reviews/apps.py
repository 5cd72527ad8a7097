"""The app's registration."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Registers the app under the label "reviews"."""

    name = "reattune.web.reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"
