"""Measure from inside: the wire format of rum.js, its intake and the collector."""
