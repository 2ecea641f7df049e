"""`vigie event-token`: a token for the servers of a site, which post events."""

from vigie.distant.tokens import new_event_token, token_sha256


def event_token() -> None:
    """Make a token with which your servers post events.

    Prints the token, which goes to them and is kept nowhere else, and the line for the settings
    file, which holds only its hash.
    """
    token = new_event_token()
    print("# The token; it is shown this once. On your servers, in VIGIE_EVENT_TOKEN:")
    print(token)
    print("\n# Here, in the site's block of vigie.toml; then restart vigie serve:")
    print(f'event_tokens_sha256 = ["{token_sha256(token)}"]')
