"""The app's registration."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Registers the app under the label "journal"."""

    name = "reattune.web.journal"
    label = "journal"
    default_auto_field = "django.db.models.BigAutoField"
