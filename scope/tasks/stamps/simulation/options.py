"""What a simulated night is like."""

from __future__ import annotations

from dataclasses import dataclass

from scope.errors import ConfigError


@dataclass(frozen=True)
class NightOptions:
    """Settings of a simulated night.

    Attributes
    ----------
    n_images : int
        Difference images.
    seed : int
        Start of all random numbers; each image has its own stream of them.
    size : int
        Pixels on a side.
    pixel_arcsec : float
    exposures : int
        Single exposures of an image, at least 3.
    seeing_arcsec : (float, float)
        Range of the full width at half maximum of the images' medians.
    zero_point : float
        Magnitude of one electron an exposure.
    stars, galaxies, minor_planets, transients : int
        Mean numbers in an image of 512 pixels; `stars` down to 21.5 mag at high galactic
        latitude.
    crowding : float
        The density of stars of a field is up to this factor above or below the mean.
    known_minor_planets : float
        Part of the minor planets that stand in the position table.
    variable_stars : float
        Part of the stars brighter than 19 mag that have changed since the template.
    variable_change : (float, float)
        Range of what they have changed by (mag), up or down.
    fainter_too : bool
        Whether what is fainter than in the template is detected as well.
    template_exposures : (int, int)
        Range of the number of exposures of a template: how deep it is.
    template_edge : float
        Part of the templates that lack an edge of the image.
    template_edge_px : (int, int)
        Range of its width.
    template_smoothing_px : (float, float)
        Range of the width by which its noise is smoothed, as resampling does.
    scale_error : float
        Spread of the relative error of the flux scale between image and template.
    registration_px : float
        Spread of the shifts between exposures and template.
    cosmic_rays : float
        Mean number of an exposure.
    threshold_sigma : float
        Detection threshold on the difference image.
    """

    n_images: int = 20
    seed: int = 1
    size: int = 512
    pixel_arcsec: float = 1.24
    exposures: int = 3
    seeing_arcsec: tuple[float, float] = (2.2, 4.2)
    zero_point: float = 25.7
    stars: int = 350
    crowding: float = 3.0
    galaxies: int = 60
    minor_planets: int = 12
    transients: int = 12
    known_minor_planets: float = 0.9
    variable_stars: float = 0.01
    variable_change: tuple[float, float] = (0.3, 1.2)
    fainter_too: bool = False
    template_exposures: tuple[int, int] = (4, 100)
    template_edge: float = 0.5
    template_edge_px: tuple[int, int] = (3, 15)
    template_smoothing_px: tuple[float, float] = (0.0, 0.8)
    scale_error: float = 0.01
    registration_px: float = 0.22
    cosmic_rays: float = 60.0
    threshold_sigma: float = 4.0

    def __post_init__(self) -> None:
        for name, value, least in (
            ("n_images", self.n_images, 1),
            ("size", self.size, 128),
            ("exposures", self.exposures, 3),
        ):
            if value < least:
                raise ConfigError(
                    f"{name} of a simulated night", value=value, allowed=f"{least} or more"
                )
