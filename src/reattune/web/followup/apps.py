"""The app's registration."""

from django.apps import AppConfig


class FollowupConfig(AppConfig):
    """Registers the app under the label "followup"."""

    name = "reattune.web.followup"
    label = "followup"
    default_auto_field = "django.db.models.BigAutoField"
