"""Measure from outside: monitors, their schedule, and checks with every phase timed."""
