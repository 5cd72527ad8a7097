"""What every page is rendered with: the package's templates, escaped, strict about names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def new_environment(package: str = "reattune.report", folder: str = "templates") -> Environment:
    """An environment over a package's templates that escapes and refuses unknown names."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
