"""Which units a target has and where each unit's light curves come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scope.config.model import Config
from scope.config.sections import Simulation
from scope.errors import NotFoundError, UsageError
from scope.surveys.archive import Archive
from scope.surveys.base import Survey, parse_unit
from scope.surveys.kowalski import KowalskiSurvey
from scope.surveys.open import SurveySettings, archive_arguments, kowalski_settings
from scope.targets.names import FieldTarget, parse_target

SIMULATED = "results/simulation"
"""Where simulated quadrants go, below the folder of the run."""

EMBEDDED_TARGET = "field_700"
"""What a run completes that names neither targets nor an archive; it is simulated."""


@dataclass(frozen=True)
class Plan:
    """What the workflow needs to know of a run before any file is read.

    Attributes
    ----------
    config : Config
        The settings. Targets of ``training.targets`` are always simulated; all others
        are, too, where no ``archive`` is named and the survey is not Kowalski.
    """

    config: Config
    _units: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)

    def targets(self) -> list[str]:
        """Return the targets that a run without a named file completes.

        Those of the configuration; where it names none, every field of the archive, or
        one simulated field where there is no archive.

        Raises
        ------
        UsageError
            If the survey is Kowalski, which has the whole sky, and no target is named.
        """
        if self.config.targets:
            return list(self.config.targets)
        if self.config.survey == "kowalski":
            raise UsageError(
                "no target named",
                allowed="fields of the survey, such as field_297",
                todo="set targets: [field_<N>, …], or ask for a file by its name",
            )
        if self.config.archive is None:
            return [EMBEDDED_TARGET]
        return [FieldTarget(number).name for number in self._archive.fields()]

    def units(self, target: str) -> list[str]:
        """Return the names of the units of a target, sorted.

        Raises
        ------
        UsageError
            If the name is not that of a target.
        NotFoundError
            If the survey has no such target.
        """
        if target not in self._units:
            simulation = self._simulation(target)
            self._units[target] = (
                parse_target(target).units(self._survey)
                if simulation is None
                else sorted(simulation.units)
            )
        return self._units[target]

    def is_simulated(self, target: str) -> bool:
        """Whether the target's light curves are simulated by the run itself."""
        return self._simulation(target) is not None

    def is_on_kowalski(self, target: str) -> bool:
        """Whether the target's light curves come from the database."""
        return self.config.survey == "kowalski" and not self.is_simulated(target)

    def survey_settings(self, target: str, unit: str) -> SurveySettings:
        """Return what `scope.surveys.open.open_survey` needs for the unit's survey."""
        if self.is_simulated(target):
            return {"folder": f"{SIMULATED}/{target}/{unit}"}
        if self.is_on_kowalski(target):
            return kowalski_settings(self.config)
        return archive_arguments(self.config)

    def archive_inputs(self, target: str, unit: str) -> list[str]:
        """Return the files, or the simulated folder, whose change concerns the unit.

        There are none on Kowalski.
        """
        if self.is_simulated(target):
            return [f"{SIMULATED}/{target}/{unit}"]
        if self.is_on_kowalski(target):
            return []
        return [str(path) for path in self._archive.files(parse_target(target).field, unit)]

    def crossmatch_inputs(self, target: str, unit: str, *names: str) -> list[str]:
        """Return the external catalogues, or the simulated folder, that the unit is matched with.

        Without `names`, all that there are; there are none on Kowalski.
        """
        if self.is_simulated(target):
            return [f"{SIMULATED}/{target}/{unit}"]
        if self.is_on_kowalski(target):
            return []
        return [path for name, path in self._catalogues.items() if not names or name in names]

    def simulation_settings(self, target: str, unit: str) -> dict[str, Any]:
        """Return the arguments of `scope.surveys.simulation.simulate_quadrant` for a unit."""
        simulation = self._simulation(target)
        if simulation is None:
            raise NotFoundError(
                "no simulation of a target that is read from a survey",
                value=target,
                todo="to train on simulated stars, leave out archive and survey",
            )
        ccd, quad = parse_unit(unit)
        return {
            "field": parse_target(target).field,
            "ccd": ccd,
            "quad": quad,
            "n_stars": simulation.n_stars,
            "mix": simulation.mix,
            "seed": simulation.seed,
            "bands": tuple(simulation.bands),
            "years": simulation.years,
            "n_epochs_median": simulation.n_epochs_median,
            "with_crossmatch": simulation.with_crossmatch,
        }

    def _simulation(self, target: str) -> Simulation | None:
        """Return the sky that a target is simulated from; None if it is in the survey."""
        parse_target(target)
        if self.config.archive is not None or self.config.survey == "kowalski":
            # A field of the sky is never taken for a simulated one of the same number.
            return None
        training = self.config.training
        if target in training.targets:
            return training.simulation
        if target in self.targets():
            return self.config.simulation
        raise NotFoundError(
            "no such target",
            value=target,
            allowed=[*self.targets(), *training.targets],
            todo="name the folder of light curves that holds it: --config archive=FOLDER",
        )

    @property
    def _survey(self) -> Survey:
        if self.config.survey == "kowalski":
            return KowalskiSurvey(kowalski_settings(self.config))
        return self._archive

    @cached_property
    def _catalogues(self) -> dict[str, str]:
        # Looked for once, not for each unit.
        return {name: str(path) for name, path in self._archive.crossmatch_files().items()}

    @cached_property
    def _archive(self) -> Archive:
        return Archive(**archive_arguments(self.config))
