"""The app's registration."""

from django.apps import AppConfig


class SharingConfig(AppConfig):
    """Registers the app under the label "sharing"."""

    name = "reattune.web.sharing"
    label = "sharing"
    default_auto_field = "django.db.models.BigAutoField"
