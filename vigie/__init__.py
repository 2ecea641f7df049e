"""Run, show and tell: settings, supervisor, console, CLI and demo."""
