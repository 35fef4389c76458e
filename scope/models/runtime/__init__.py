"""Devices that models run on, and checks of model files before they are used."""
