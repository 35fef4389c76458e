"""What leaves the workflow: stars, the formats that other tools open, releases."""
