"""What the interface promises of the command and this version does not have yet says so."""

import typer

from guichet.errors import WrongUse
from guichet.main import app

LATER = {
    "rebuild": "Rebuild reporting's views beside the live ones.",
}


def _say_so(context: typer.Context) -> None:
    raise WrongUse(f"`guichet {context.info_name}` is not available in this version")


for name, does in LATER.items():
    app.command(
        name,
        help=f"{does} Not available in this version.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(_say_so)
