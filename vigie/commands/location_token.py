"""`vigie location-token`: a token for a prober at another location."""

from typing import Annotated

import typer

from vigie.distant.tokens import new_location_token, token_sha256


def location_token(
    name: Annotated[str, typer.Argument(help="The location's name, such as paris.")],
) -> None:
    """Make a token for another location.

    Prints the token, which goes to the location and is kept nowhere else, and the lines for the
    settings file, which hold only its hash.
    """
    token = new_location_token()
    print("# The token; it is shown this once. At the location, in VIGIE_LOCATION_TOKEN:")
    print(token)
    print("\n# Here, in vigie.toml; then restart vigie serve:")
    print(f'[[locations]]\nname = "{name}"\ntoken_sha256 = "{token_sha256(token)}"')
