"""The engine (the one writer) and the service (the readers' only door)."""
