"""The app's registration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app under the label "accounts"."""

    name = "reattune.web.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
