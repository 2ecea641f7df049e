"""The properties and advisers of the demo's extranet."""

from msgspec import Struct


class Listing(Struct, frozen=True):
    """A property for sale. `facade` picks its picture: floors, windows a floor, colours."""

    number: int
    title: str
    town: str
    price_eur: int
    surface_m2: int
    rooms: int
    kind: str
    floors: int
    windows: int
    wall: str
    roof: str
    sky: str


class Adviser(Struct, frozen=True):
    """Somebody who may sign in. `user` is what the site calls them to Vigie."""

    id: str
    user: str
    name: str
    level: str
    about: str


ADVISERS = (
    Adviser("nora", "adviser-0107", "Nora Lambert", "novice", "joined six weeks ago"),
    Adviser("hugo", "adviser-1043", "Hugo Marchetti", "confirmed", "two years in Lyon"),
    Adviser("ines", "adviser-1618", "Inès Delorme", "expert", "eleven years, trains others"),
)

PROBE = Adviser("probe", "", "Vigie's probe", "", "")
"""The account of the monitors: it reads pages and never counts as a person."""

LISTINGS = (
    Listing(104, "Townhouse with a walled garden", "Angers", 389_000, 128, 5, "House",
            2, 3, "clay", "slate", "dawn"),
    Listing(117, "Two-room flat under the roofs", "Lyon 1er", 265_000, 44, 2, "Apartment",
            5, 4, "sand", "tile", "day"),
    Listing(123, "Family flat by the canal", "Nantes", 342_000, 86, 4, "Apartment",
            4, 5, "stone", "slate", "dusk"),
    Listing(131, "Stone farmhouse and barn", "Uzès", 615_000, 210, 7, "House",
            2, 4, "stone", "tile", "day"),
    Listing(138, "Studio near the university", "Rennes", 119_000, 24, 1, "Apartment",
            4, 4, "brick", "slate", "dawn"),
    Listing(142, "Architect's house facing the sea", "Pornic", 748_000, 164, 6, "House",
            2, 3, "chalk", "slate", "dusk"),
    Listing(156, "Bright flat with a long balcony", "Grenoble", 228_000, 71, 3, "Apartment",
            5, 5, "chalk", "tile", "day"),
    Listing(163, "Brick terrace near the station", "Lille", 274_000, 102, 5, "House",
            3, 2, "brick", "tile", "dawn"),
    Listing(170, "Loft in a former print works", "Montreuil", 529_000, 97, 3, "Apartment",
            3, 5, "brick", "slate", "dusk"),
)  # fmt: skip

BY_NUMBER = {listing.number: listing for listing in LISTINGS}
BY_ADVISER = {adviser.id: adviser for adviser in (*ADVISERS, PROBE)}
