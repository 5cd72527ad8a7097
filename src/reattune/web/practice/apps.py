"""The app's registration."""

from django.apps import AppConfig


class PracticeConfig(AppConfig):
    """Registers the app under the label "practice"."""

    name = "reattune.web.practice"
    label = "practice"
    default_auto_field = "django.db.models.BigAutoField"
