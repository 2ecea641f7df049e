"""What is wrong with an installation of rum.js on a page, and how to mend it."""
