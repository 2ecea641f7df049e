"""Understand: sampling, estimates, the timeline, reports and their charts."""
