"""Spectra: which are of quasars, at which redshift, and which a person should look at.

spectrum_files, rebin   spectra of DESI, SDSS and BOSS on the grid of networks
ensemble, run_ensemble  members trained side by side, and trees of spectra scored by them
ensemble_bundle         an ensemble, or published weights, as a bundle of this system
decode                  redshifts and classes of what networks say
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scope.models.algorithm import InputSpec
from scope.models.task import Task

if TYPE_CHECKING:
    from scope.models.bundle import Bundle


class SpectraTask(Task):
    """Rebinned, normalised spectra, whose grid of wavelengths is part of the bundle."""

    name = "spectra"
    title = "Quasars in spectra"
    inputs = (InputSpec("spectrum", (None, None)),)

    def check_bundle(self, bundle: Bundle) -> None:
        """Refuse a bundle whose card names no grid that spectra are rebinned to here."""
        from scope.tasks.spectra.ensemble_bundle import grid_of_bundle

        grid_of_bundle(bundle)

    def import_models(self, source: Path, output: Path, algorithm: str) -> Bundle:
        """Write a bundle of an ensemble or of published weights; see `write_ensemble_bundle`."""
        from scope.tasks.spectra.ensemble_bundle import write_ensemble_bundle

        return write_ensemble_bundle(source, output, algorithm)


TASK = SpectraTask()
