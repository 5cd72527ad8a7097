"""The app's registration."""

from django.apps import AppConfig


class CheckinsConfig(AppConfig):
    """Registers the app under the label "checkins"."""

    name = "reattune.web.checkins"
    label = "checkins"
    default_auto_field = "django.db.models.BigAutoField"
