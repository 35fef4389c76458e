"""Clients of remote services: what can be asked, with retries, limits and credentials."""
