"""Which units a target has and where each unit's light curves come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scope.config.lists import SourceListSection
from scope.config.model import Config
from scope.config.sections import Simulation
from scope.errors import NotFoundError, UsageError
from scope.surveys.archive import ArchiveSettings
from scope.surveys.base import Survey, parse_unit
from scope.surveys.listed import chunk_names
from scope.surveys.open import ListedSettings, survey_settings
from scope.surveys.registry import SurveySettings, survey_kind
from scope.targets.lists import read_source_list
from scope.targets.names import (
    EventTarget,
    FieldTarget,
    ListTarget,
    SurveyTarget,
    parse_target,
)
from scope.targets.paths import without_wildcards

SIMULATED = "results/simulation"
"""Where simulated quadrants go, below the folder of the run."""

LISTED = "results/lists"
"""Where the light curves of lists of sources go, below the folder of the run."""

EMBEDDED_TARGET = "field_700"
"""What a run completes that names neither targets nor an archive; it is simulated."""


@dataclass(frozen=True)
class Plan:
    """Plan of a run: what the workflow needs to know before any file is read.

    Attributes
    ----------
    config : Config
        The settings. Targets of ``training.targets`` are always simulated; all others
        are, too, where the configuration does not tell where the survey is.
    """

    config: Config
    _units: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)
    _surveys: dict[str, Survey] = field(default_factory=dict, init=False, repr=False)
    _tables: dict[str, dict[str, str]] = field(default_factory=dict, init=False, repr=False)

    def check_paths(self, checkout: str | Path | None = None) -> None:
        """Raise UsageError if Snakemake would take a path of the run for a pattern.

        Looked at are those of the configuration, and the folder of the workflow.
        """
        config = self.config
        lists = [section.path for section in config.lists.values()]
        surveys = [section.folder for section in config.surveys.values()]
        without_wildcards([path for path in (checkout, config.archive, *lists, *surveys) if path])

    def targets(self) -> list[str]:
        """Return the targets that a run without a named file completes.

        Those of the configuration; where it names none, every field of the survey, or all of
        it where it has no fields, or one simulated field where there is no survey.

        Raises
        ------
        UsageError
            If the survey is a database, which has the whole sky, and no target is named.
        """
        if self.config.targets:
            return list(self.config.targets)
        if self.is_remote:
            raise UsageError(
                "no target named",
                allowed="fields of the survey, such as field_297",
                todo="set targets: [field_<N>, …], or ask for a file by its name",
            )
        if not self.is_configured:
            return [EMBEDDED_TARGET]
        fields = [FieldTarget(number).name for number in self._survey().fields()]
        return fields or [SurveyTarget(self.config.survey).name]

    @property
    def is_configured(self) -> bool:
        """Whether the configuration tells where the survey is."""
        return survey_kind(self.config).is_configured(self.config)

    @property
    def is_remote(self) -> bool:
        """Whether the survey is a database: downloads are kept, and queries are limited."""
        return survey_kind(self.config).is_remote

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
            self._units[target] = self._find_units(target)
        return self._units[target]

    def source_list(self, target: str) -> SourceListSection:
        """Return where the list of a target is, and how its sources are looked for.

        Raises
        ------
        NotFoundError
            If no list of that name is configured.
        """
        parsed = parse_target(target)
        if isinstance(parsed, EventTarget):
            section = self.config.gcn
            return SourceListSection(
                path=str(event_list(section.folder, parsed.list)),
                cone_radius_arcsec=section.radius_arcsec,
                rows_per_chunk=section.rows_per_chunk,
            )
        lists = self.config.lists
        name = parsed.name.removeprefix("ids_")
        if name not in lists:
            raise NotFoundError(
                "no list of sources of this name",
                value=name,
                allowed=lists or "none is configured",
                todo=f"set lists: {{{name}: TABLE}}",
            )
        return lists[name]

    def list_inputs(self, target: str) -> list[str]:
        """Return the table of a list, and the files whose change concerns all of it."""
        paths = self._survey().paths()
        return [str(path) for path in (self.source_list(target).path, *paths)]

    def list_survey(self, target: str) -> SurveySettings:
        """Return what `scope.surveys.open.open_survey` needs for the survey of a list."""
        self._simulation(target)
        return survey_settings(self.config)

    def is_simulated(self, target: str) -> bool:
        """Whether the target's light curves are simulated by the run itself."""
        return self._simulation(target) is not None

    def is_downloaded(self, target: str) -> bool:
        """Whether the target's light curves come from a database."""
        return self._kind(target).is_remote and not self.is_simulated(target)

    def is_selection(self, target: str) -> bool:
        """Whether somebody chose the sources of a target, so that they are no sample of the sky."""
        parsed = parse_target(target)
        if isinstance(parsed, SurveyTarget):
            section = self.config.surveys.get(parsed.survey)
            return section is None or not section.complete
        return not isinstance(parsed, FieldTarget)

    def survey_settings(self, target: str, unit: str) -> SurveySettings:
        """Return what the unit's survey is opened with."""
        if is_list(target):
            survey = self.list_survey(target)
            return ListedSettings(survey, listed_file(target), len(self.units(target)))
        if self.is_simulated(target):
            return ArchiveSettings(f"{SIMULATED}/{target}/{unit}")
        return survey_settings(self.config, _survey_name(target))

    def archive_inputs(self, target: str, unit: str) -> list[str]:
        """Return the files, or the simulated folder, whose change concerns the unit.

        There are none of a database. For a part of a list it is the file of its light curves.
        """
        if is_list(target):
            return [listed_file(target)]
        if self.is_simulated(target):
            return [f"{SIMULATED}/{target}/{unit}"]
        paths = self._survey(target).files(parse_target(target).field, unit)
        return [str(path) for path in paths]

    def crossmatch_inputs(self, target: str, unit: str, *names: str) -> list[str]:
        """Return the external catalogues, or the simulated folder, that the unit is matched with.

        Without `names`, all that there are; there are none of a database.
        """
        if self.is_simulated(target):
            return [f"{SIMULATED}/{target}/{unit}"]
        found = self._catalogues(_survey_name(target) or self.config.survey)
        return [path for name, path in found.items() if not names or name in names]

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
            **simulation.survey(unit),
            "with_crossmatch": simulation.with_crossmatch,
            "kinds": simulation.kinds,
            "exclude": simulation.exclude,
        }

    def _simulation(self, target: str) -> Simulation | None:
        """Return the sky that a target is simulated from; None if it is in the survey."""
        listed = is_list(target)
        if _survey_name(target) is not None or self.is_configured:
            # A field of the sky is never taken for a simulated one of the same number.
            return None
        if listed:
            raise NotFoundError(
                "no survey to look for the sources of a list in",
                value=target,
                todo="name a folder of light curves, --config archive=FOLDER, or set survey to "
                "another one, such as survey=kowalski",
            )
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

    def _find_units(self, target: str) -> list[str]:
        simulation = self._simulation(target)
        if simulation is not None:
            return sorted(simulation.units)
        if is_list(target):
            section = self.source_list(target)
            rows = len(read_source_list(section.path))
            return chunk_names(-(-rows // section.rows_per_chunk))
        return self._survey(target).units(parse_target(target).field)

    def _kind(self, target: str) -> Any:
        return survey_kind(self.config, _survey_name(target))

    def _survey(self, target: str | None = None) -> Survey:
        """Return the survey of a target, by default the one that is configured, opened once."""
        name = (None if target is None else _survey_name(target)) or self.config.survey
        if name not in self._surveys:
            self._surveys[name] = survey_settings(self.config, name).open()
        return self._surveys[name]

    def _catalogues(self, name: str) -> dict[str, str]:
        # Looked for once, not for each unit.
        if name not in self._tables:
            found = self._survey(SurveyTarget(name).name).crossmatch_files()
            self._tables[name] = {table: str(path) for table, path in found.items()}
        return self._tables[name]


def _survey_name(target: str) -> str | None:
    """Return the survey that a target names; None where it is the configured one."""
    parsed = parse_target(target)
    return parsed.survey if isinstance(parsed, SurveyTarget) else None


def is_list(target: str) -> bool:
    """Whether a target is a list of sources.

    Raises
    ------
    UsageError
        If the name is not that of a target.
    """
    return isinstance(parse_target(target), ListTarget)


def event_list(folder: str | Path, label: str) -> Path:
    """Return where the sources of an event are, by its time as in names of files."""
    return Path(folder) / label / "sources.parquet"


def listed_file(target: str) -> str:
    """Return where the ids and positions of a list's light curves are."""
    return f"{LISTED}/{target}/light_curves.parquet"
