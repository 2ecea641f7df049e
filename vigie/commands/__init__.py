"""One module a command of `vigie`; each holds the function of its name."""
