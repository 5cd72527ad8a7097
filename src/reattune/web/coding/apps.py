"""The app's registration."""

from django.apps import AppConfig


class CodingConfig(AppConfig):
    """Registers the app under the label "coding"."""

    name = "reattune.web.coding"
    label = "coding"
    default_auto_field = "django.db.models.BigAutoField"
