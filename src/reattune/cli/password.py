"""`reattune password`: a forgotten password, set anew by whoever has the machine."""

from __future__ import annotations

from pathlib import Path

import click

from reattune.cli.output import errors_told
from reattune.cli.serve import open_vault
from reattune.errors import InputError


@click.command(name="password")
@click.argument("username")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the records, instead of the usual one.",
)
@click.option("--drop-factor", is_flag=True, help="Turn the second factor off as well.")
def command(username: str, data_dir: Path | None, drop_factor: bool) -> None:
    """Set a forgotten password of the practice application anew, and unlock the account."""
    with errors_told():
        open_vault(data_dir, "file")
        from reattune.web import server

        server.prepare()
        password: str = click.prompt(
            "New password", hide_input=True, confirmation_prompt=True, err=True
        )
        set_password(username, password, drop_factor=drop_factor)
    click.echo("The password is set.")


def set_password(username: str, password: str, *, drop_factor: bool) -> None:
    """Set it, by Django's rules; InputError for an unknown account or a weak password."""
    from axes.utils import reset
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from reattune.web.accounts.models import User
    from reattune.web.accounts.views_factor import forget_devices
    from reattune.web.audit import chain

    user = User.objects.filter(username=username).first()
    if user is None:
        what, remedy = "There is no such account.", "Check the spelling, and --data-dir."
        raise InputError("no-account", what, remedy=remedy)
    try:
        validate_password(password, user)
    except ValidationError as error:
        remedy = "Choose a longer one that is not common."
        raise InputError("weak-password", " ".join(error.messages), remedy=remedy) from error
    user.set_password(password)
    user.save()
    reset(username=username)
    if drop_factor:
        forget_devices(user)
    chain.record(user.practice_id, "system", "password.reset", target=f"user:{user.pk}")
