"""`python -m vigie`: the same as `vigie`; the supervisor starts its children so."""

from vigie.cli import main

if __name__ == "__main__":
    main()
