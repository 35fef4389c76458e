"""The whole configuration, and the plain options that the layers above take from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from scope.config.active import Active
from scope.config.base import Section, key, unknown_name
from scope.config.classes import CLASSES, ClassDefinition
from scope.config.features import Features
from scope.config.field_check import FieldCheck
from scope.config.fritz import FritzSection
from scope.config.gcn import GcnSection
from scope.config.kowalski import DOMAIN, KowalskiSection
from scope.config.lists import ListName, SourceListSection
from scope.config.sections import (
    Downloads,
    FeatureGeneration,
    Inference,
    Probabilities,
    Release,
    Simulation,
    TargetName,
    Thresholds,
)
from scope.config.stamps import Stamps
from scope.config.surveys import SurveyName, SurveySection
from scope.config.tracking import FeatureStats, Tracking
from scope.config.training import Training
from scope.errors import ConfigError
from scope.features.registry import REGISTRY, FeatureSet, model_features
from scope.periods.options import PeriodOptions, model_suffixes

if TYPE_CHECKING:
    from scope.features.options import FeatureOptions
    from scope.lightcurves.bright_stars import BrightStarOptions
    from scope.lightcurves.cleaning import CleaningOptions
    from scope.services.fritz import FritzOptions
    from scope.services.kowalski import KowalskiOptions


class Config(Section):
    """Every setting. Sections and keys are described where they are declared."""

    targets: tuple[TargetName, ...] = key(
        (),
        "what a run completes that names no file: field_297, ids_<name> for a list of "
        "sources, gcn_<time> for an event; none: all fields of the archive, or one simulated "
        "field; with Kowalski they must be named",
    )
    survey: SurveyName = key(
        "archive",
        "where light curves come from: archive, the survey's own files; kowalski, the database; "
        "or the name of a section of surveys",
    )
    surveys: dict[SurveyName, SurveySection] = key(
        dict,
        "folders of light curves of any survey, by name, each with its columns, bands and times; "
        "they are targets survey_<name>",
    )
    archive: str | None = key(
        None, "folder of bulk light-curve files; null simulates the targets", min_length=1
    )
    data_release: Release | None = key(
        None, "the data release, such as 20 or DR20; needed only where the folder holds several"
    )
    lists: dict[ListName, SourceListSection] = key(
        dict, "tables of sources by name, each with its path; they are targets ids_<name>"
    )
    simulation: Simulation = key(Simulation, "the simulated sky, for targets without an archive")
    kowalski: KowalskiSection = key(KowalskiSection, "the database of the survey")
    fritz: FritzSection = key(FritzSection, "the server that classifications are posted to")
    gcn: GcnSection = key(GcnSection, "events whose sources are followed by `scope gcn`")
    feature_generation: FeatureGeneration = key(FeatureGeneration, "from light curves to features")
    features: Features = key(Features, "what the models see")
    training: Training = key(Training, "how models are trained")
    feature_stats: dict[str, FeatureStats] = key(
        dict, "scales for training.feature_stats: config, by feature without period suffix"
    )
    wandb: Tracking = key(Tracking, "experiment tracking, never required")
    algorithms: dict[str, str] = key(
        dict,
        "algorithms of one's own by name, each with its place, module:object, in the run folder "
        "or on PYTHONPATH; see scope.models",
    )
    inference: Inference = key(Inference, "from features to scores and products")
    probabilities: Probabilities = key(
        Probabilities, "from the training set's probabilities to those of a target"
    )
    field_check: FieldCheck = key(
        FieldCheck, "what the models find where nothing is, of each target"
    )
    active: Active = key(Active, "rounds of questions to people, which make labels")
    stamps: Stamps = key(Stamps, "image stamps of alerts, real or bogus")
    downloads: Downloads = key(Downloads, "where models and training sets can be fetched from")
    thresholds: Thresholds = key(Thresholds, "named cuts on scores; stored scores are never cut")

    @model_validator(mode="after")
    def _parts_fit(self) -> Config:
        """Check what no key can tell alone."""
        together = self._generation.bands_together.search
        computed = model_suffixes(self.period_options(), bands_together=together)
        suffix = self.features.info.period_suffix
        if suffix not in computed:
            raise unknown_name(
                "features.info.period_suffix that feature_generation.period_algorithms "
                "does not compute (BANDS: also bands_together.search)",
                suffix,
                computed,
            )
        for tag in self.probabilities.stated:
            if tag not in self.training.classes:
                raise unknown_name("class in probabilities.stated", tag, self.training.classes)
        return self

    @property
    def _generation(self) -> FeatureGeneration:
        return self.feature_generation

    @property
    def config_hash(self) -> str:
        """SHA-256 of the settings that decide the numbers of a product.

        Where files lie, how much is done at a time, on which device, and what is made of
        scores afterwards are no part of it; nor is training, which the bundles record.
        """
        from scope.provenance import hash_json

        generation = self._generation.model_dump(mode="json", exclude={"backend"})
        settings: dict[str, Any] = {
            "survey": self.survey,
            "data_release": self.data_release,
            "simulation": None if self.archive else self.simulation.model_dump(mode="json"),
            "feature_generation": generation,
            "period_suffix": self.features.info.period_suffix,
        }
        if self.survey == "kowalski":
            settings["simulation"] = None
            settings["kowalski"] = self.kowalski.model_dump(
                mode="json", include={"collections", "programids"}
            )
        if self.survey in self.surveys:
            settings["simulation"] = None
        if self.surveys:
            settings["surveys"] = {
                name: section.model_dump(mode="json", exclude={"folder"})
                for name, section in self.surveys.items()
            }
        return hash_json(settings)

    def kowalski_options(self, queries: int = 1) -> KowalskiOptions:
        """Return how the servers of Kowalski are asked, `queries` at a time."""
        from scope.services.kowalski import KowalskiHost, KowalskiOptions, RetryPolicy

        section = self.kowalski
        hosts = tuple(
            KowalskiHost(
                name,
                item.host or f"{name}.{DOMAIN}",
                item.port or section.port,
                item.protocol or section.protocol,
            )
            for name, item in section.hosts.items()
        )
        return KowalskiOptions(
            hosts=hosts,
            timeout_seconds=section.timeout,
            retry=RetryPolicy(patience_seconds=section.patience_seconds),
            queries=queries,
        )

    def fritz_options(self) -> FritzOptions:
        """Return how Fritz is asked."""
        from scope.services.fritz import FritzOptions, RetryPolicy

        section = self.fritz
        # A proxy that was overwhelmed keeps the server away for 20 s: no wait is much longer.
        longest = min(30.0, section.patience_seconds)
        retry = RetryPolicy(
            first_wait_seconds=min(1.0, longest),
            longest_wait_seconds=longest,
            patience_seconds=section.patience_seconds,
        )
        return FritzOptions(
            host=section.host,
            port=section.port,
            protocol=section.protocol,
            timeout_seconds=section.timeout,
            retry=retry,
            requests_per_second=section.requests_per_second,
            settle_seconds=section.settle_seconds,
        )

    def cleaning_options(self) -> CleaningOptions:
        """Return what is kept of a light curve."""
        from scope.lightcurves.cleaning import CleaningOptions
        from scope.lightcurves.points import PointLimits

        return CleaningOptions(
            min_epochs=self._generation.min_n_lc_points,
            min_cadence_minutes=self._generation.min_cadence_minutes,
            max_timestamp_hjd=self._generation.max_timestamp_hjd,
            limits=PointLimits(**self._generation.points.model_dump()),
        )

    def bright_star_options(self) -> BrightStarOptions | None:
        """Return how bright stars are looked for; None if they are not."""
        from scope.lightcurves.bright_stars import BrightStarOptions

        section = self._generation.bright_star
        if section.skip:
            return None
        return BrightStarOptions(
            query_radius_arcsec=section.query_radius_arcsec,
            self_match_radius_arcsec=section.self_match_radius_arcsec,
        )

    def xmatch_radius_arcsec(self) -> float:
        """Return the radius of the match with catalogues and alerts, in arcsec."""
        return self._generation.xmatch_radius_arcsec

    def period_options(self) -> PeriodOptions:
        """Return the options of the period search."""
        search = self._generation.period_search
        options: dict[str, Any] = search.model_dump()
        # Without scale_min_period the search has no use for it, and no word for 0.
        if search.scale_min_period or self._generation.min_cadence_minutes > 0:
            options["min_cadence_minutes"] = self._generation.min_cadence_minutes
        return PeriodOptions(algorithms=self._generation.period_algorithms, **options)

    def feature_options(self) -> FeatureOptions:
        """Return the options of the feature stage."""
        from scope.features.edges import DmdtEdges
        from scope.features.options import FeatureOptions

        edges, bands = self._generation.dmdt_ints, self._generation.bands_together
        return FeatureOptions(
            periods=self.period_options(),
            fourier=self._generation.fourier,
            groups=self._generation.groups,
            dmdt=DmdtEdges(dm=edges.dmints, dt=edges.dtints),
            bands_radius_arcsec=bands.radius_arcsec if bands.search else None,
            period_suffix=self.features.info.period_suffix,
        )

    def backend(self) -> str:
        """Return the device that computes features."""
        return self._generation.backend

    def model_features(self, kind: FeatureSet) -> list[str]:
        """Return the columns that models of a list see, with suffix, in order."""
        settings = getattr(self.features, kind)
        include = {name: setting.include for name, setting in settings.items()}
        return model_features(kind, self.features.info.period_suffix, include)

    def imputation(self) -> dict[str, str]:
        """Return what replaces undefined values: column of a model feature -> strategy."""
        suffix = self.features.info.period_suffix
        return {
            REGISTRY[name].column_name(suffix): setting.impute_strategy
            for name, setting in self.features.ontological.items()
        }

    def feature_scales(self) -> dict[str, dict[str, float | None]] | None:
        """Return the statistics to scale columns by; None where training finds them.

        Raises
        ------
        ConfigError
            If there are none.
        """
        if self.training.feature_stats == "dataset":
            return None
        suffix = self.features.info.period_suffix
        stats = {
            REGISTRY[name].column_name(suffix) if name in REGISTRY else name: item
            for name, item in self.feature_stats.items()
        }
        if not stats:
            raise ConfigError(
                "training that is to scale by the configuration, without statistics",
                value="training.feature_stats: config",
                todo="write min, max, median and std of each feature under feature_stats",
            )
        return {name: item.model_dump() for name, item in stats.items()}

    def class_definitions(self, tags: tuple[str, ...] | None = None) -> list[ClassDefinition]:
        """Return the classifiers named, or all, in the order of the configuration.

        Raises
        ------
        ConfigError
            If a tag is unknown.
        """
        classes = self.training.classes
        released = {definition.tag for definition in CLASSES if definition.released}
        for tag in tags or ():
            if tag not in classes:
                raise unknown_name("unknown class", tag, classes)
        return [
            ClassDefinition(
                tag,
                released=tag in released,
                **{**setting.model_dump(), **self.training.for_all_classes()},
            )
            for tag, setting in classes.items()
            if tags is None or tag in tags
        ]

    def class_parents(self) -> dict[str, str | None]:
        """Return the class that each class is a kind of, by tag."""
        return {tag: setting.parent for tag, setting in self.training.classes.items()}

    def exclusive_classes(self) -> list[str]:
        """Return the tags of the classes that exclude one another under one parent."""
        return [tag for tag, setting in self.training.classes.items() if setting.exclusive]

    def periodic_classes(self) -> list[str]:
        """Return the tags of the classes whose stars, and those of their kinds, have a period."""
        return [tag for tag, setting in self.training.classes.items() if setting.periodic]

    def class_labels(self) -> dict[str, str]:
        """Return the label of each class tag."""
        return {tag: setting.label for tag, setting in self.training.classes.items()}

    def check_limits(self) -> dict[str, Any]:
        """Return the options of `scope.catalog.field_check.CheckOptions`."""
        named = self.thresholds_by_name().values()
        return self.field_check.limits(named)

    def thresholds_by_name(self) -> dict[str, float]:
        """Return the named thresholds."""
        return dict(self.thresholds.model_dump())
