"""The client is whom trusted proxies say it is, and nobody else is believed."""

import pytest

from rum.client_address import TrustedProxies, cut_address, limited_as

PROXIES = TrustedProxies(["127.0.0.0/8", "::1", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # its own word
        ("127.0.0.1", "", ""),
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        (
            "127.0.0.1",
            "198.51.100.1, 192.0.2.7",
            "192.0.2.7",
        ),  # the right-most: the left is hearsay
        ("127.0.0.1", "198.51.100.1, 192.0.2.7, 10.1.2.3", "192.0.2.7"),
        ("127.0.0.1", "10.0.0.1, 10.1.2.3", "10.0.0.1"),
        ("127.0.0.1", "192.0.2.7, unknown", ""),
        ("127.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
        ("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        ("fd00::2", "2001:DB8:0::7", "2001:db8::7"),
        ("", "192.0.2.7", ""),
        ("127.0.0.1", "," * 5_000, ""),
    ],
)
def test_the_client_of_a_request(peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client(peer, forwarded) == client


def test_an_address_is_cut_to_its_network() -> None:
    assert cut_address("192.0.2.7") == "192.0.2.0/24"
    assert cut_address("2001:db8:1:2::7") == "2001:db8:1::/48"
    assert cut_address("nonsense") == ""
    assert limited_as("192.0.2.7") == "192.0.2.7"
    assert limited_as("2001:db8:1:2:3::7") == limited_as("2001:db8:1:2:4::8")
    assert limited_as("2001:db8:1:3::7") != limited_as("2001:db8:1:2::7")


def test_a_network_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        TrustedProxies(["nonsense"])
