"""The sections of the configuration that say where light curves come from and what is computed."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from scope.config.base import WHOLE, Section, key, matching, one_of, registered
from scope.errors import NotFoundError
from scope.features.edges import DM_EDGES, DT_EDGES
from scope.features.options import LARGEST_RADIUS_ARCSEC
from scope.features.registry import OPTIONAL_GROUPS
from scope.periods.options import ALGORITHMS
from scope.plugins import ALGORITHMS as PLUGIN_ALGORITHMS
from scope.plugins import DEFAULT_ALGORITHMS

Algorithm = Annotated[str, registered(PLUGIN_ALGORITHMS)]
STARTER = "starter"
"""Group of the models that come with the project."""
FeatureGroup = Annotated[str, one_of(OPTIONAL_GROUPS)]
GroupName = Annotated[
    str, matching(r"[A-Za-z0-9][\w.-]*", "letters, digits, dots, hyphens and underscores")
]
FieldName = Annotated[str, matching(r"field_[1-9]\d{0,3}", "field_<number>, such as field_297")]
TargetName = Annotated[
    str,
    matching(
        r"field_[1-9]\d{0,3}|(ids|survey)_[A-Za-z0-9][\w.-]*|gcn_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d",
        "field_<number>, such as field_297, survey_<name> with the name of a survey, ids_<name> "
        "with the name of a list, or gcn_<time of an event>, such as gcn_2023-05-21T05-30-43",
    ),
]
Years = Annotated[float, Field(gt=0)]
Epochs = Annotated[int, Field(ge=1)]
UnitName = Annotated[
    str, matching(r"ccd_(0[1-9]|1[0-6])_quad_[1-4]", "ccd_<CC>_quad_<Q>, such as ccd_01_quad_1")
]
Release = Annotated[
    str,
    BeforeValidator(lambda value: f"DR{value}" if str(value).isdecimal() else value),
    matching(r"DR[1-9]\d*", "a number, or DR and a number, such as DR20"),
]
Bands = Annotated[str, matching(r"(?=.)g?r?i?", "some of g, r and i, in this order")]
PeriodAlgorithm = Annotated[str, one_of(ALGORITHMS)]


class PeriodSearch(Section):
    """Settings of the search for periods, for every algorithm."""

    max_freq: float = key(48.0, "highest trial frequency", unit="1/d", gt=0)
    samples_per_peak: int = key(10, "trial frequencies per 1 / baseline", ge=1)
    scale_min_period: bool = key(
        False, "take the shortest period from min_cadence_minutes (twice it) and not from max_freq"
    )
    remove_terrestrial: bool = key(
        False, "leave out frequencies near days, months and years; the flag column is always there"
    )
    top_n_periods: int = key(50, "candidates that the cheap searches hand to the final judge", ge=1)
    phase_bins: int = key(20, "phase bins of conditional entropy and analysis of variance", ge=2)
    mag_bins: int = key(10, "magnitude bins of conditional entropy", ge=2)
    max_trial_frequencies: int = key(
        20_000_000,
        "most trial frequencies of a light curve, which bounds the memory it takes (about 16 "
        "bytes each); a longer baseline has no features, with the reason baseline_too_long",
        ge=1,
        le=2_000_000_000,
    )


class Points(Section):
    """Limits of a point of a light curve; points beyond are left out, the others stand."""

    earliest_hmjd: float = key(
        15020.0, "earliest heliocentric modified Julian date, 1900", unit="d"
    )
    latest_hmjd: float = key(88069.0, "latest heliocentric modified Julian date, 2100", unit="d")
    brightest_mag: float = key(-30.0, "brightest magnitude", unit="mag")
    faintest_mag: float = key(
        40.0, "faintest magnitude; placeholders such as 99 lie beyond", unit="mag"
    )
    smallest_error: float = key(1e-7, "smallest error of a magnitude", unit="mag", gt=0)
    largest_error: float = key(5.0, "largest error of a magnitude", unit="mag", gt=0)

    @model_validator(mode="after")
    def _no_empty_range(self) -> Self:
        for low, high in (
            ("earliest_hmjd", "latest_hmjd"),
            ("brightest_mag", "faintest_mag"),
            ("smallest_error", "largest_error"),
        ):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"{low} below {high}")
        return self


class BandsTogether(Section):
    """One period for all light curves of a star, in columns of its own (suffix BANDS)."""

    search: bool = key(
        False, "search the bands of a star together as well; the rows keep their own periods"
    )
    radius_arcsec: float = key(
        1.0,
        "light curves without obj_id this close to each other are of one star",
        unit="arcsec",
        gt=0,
        le=LARGEST_RADIUS_ARCSEC,
    )


class DmdtInts(Section):
    """Edges of the histogram of magnitude against time differences."""

    dmints: tuple[float, ...] = key(
        DM_EDGES,
        "edges of the magnitude differences, rising; the networks take 26 bins",
        unit="mag",
        min_length=27,
        max_length=27,
    )
    dtints: tuple[float, ...] = key(
        DT_EDGES,
        "edges of the time differences, rising; the networks take 26 bins",
        unit="d",
        min_length=27,
        max_length=27,
    )

    @field_validator("dmints", "dtints")
    @classmethod
    def _rising(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in pairwise(edges)):
            raise ValueError("edges that rise, each above the one before")
        return edges


class BrightStar(Section):
    """Sources to leave out because a bright star stands too near (needs a Gaia table)."""

    skip: bool = key(False, "keep sources near bright stars")
    query_radius_arcsec: float = key(
        300.0, "how far around a source bright stars are looked for", unit="arcsec", gt=0
    )
    self_match_radius_arcsec: float = key(
        2.0, "the nearest star, if within this radius, is the source itself", unit="arcsec", gt=0
    )


class FeatureGeneration(Section):
    """Settings of the way from light curves to features."""

    backend: Literal["cpu", "cuda"] = key(
        "cpu", "device that computes, cuda for one GPU; the products say which one ran"
    )
    min_n_lc_points: int = key(
        50, "light curves with fewer good epochs after decimation are not classified", ge=1
    )
    min_cadence_minutes: float = key(
        30.0, "of epochs closer than this to the last kept one, none is used", unit="min", ge=0
    )
    max_timestamp_hjd: float | None = key(
        None,
        "epochs after this heliocentric Julian date are not used; null uses all",
        unit="d",
        # The zero of modified dates: below it stand these, which would leave out all epochs.
        ge=2400000.5,
    )
    points: Points = key(Points, "what a point of a light curve can be")
    xmatch_radius_arcsec: float = key(
        2.0, "radius of the match with external catalogues and alerts", unit="arcsec", gt=0
    )
    bright_star: BrightStar = key(BrightStar, "the cut on bright neighbours")
    period_algorithms: tuple[PeriodAlgorithm, ...] = key(
        ("LS_BIC",), "period searches; each gives columns with its name as suffix", min_length=1
    )
    period_search: PeriodSearch = key(PeriodSearch, "settings of the period searches")
    bands_together: BandsTogether = key(BandsTogether, "the joint search of a star's bands")
    fourier: Literal["raw", "polar"] = key(
        "raw", "Fourier columns as raw coefficients (published models) or amplitudes and phases"
    )
    groups: tuple[FeatureGroup, ...] = key(
        (), "optional groups of features that are computed as well: top_periods"
    )
    dmdt_ints: DmdtInts = key(DmdtInts, "edges of the dmdt histogram")


class Simulation(Section):
    """A simulated piece of sky, in the layout of an archive."""

    units: tuple[UnitName, ...] = key(
        ("ccd_01_quad_1",), "quadrants that are simulated, ccd_<CC>_quad_<Q>", min_length=1
    )
    n_stars: int = key(600, "stars per quadrant; each has a light curve per filter", ge=1)
    mix: Literal["sky", "balanced"] = key(
        "sky", "mostly stars that do not vary, as on the sky, or all classes alike"
    )
    kinds: tuple[str, ...] | None = key(
        None,
        "classes that are simulated, by their names in truth.parquet (RRab, CONST, SN-IA, …); null "
        "takes all of the mix",
        min_length=1,
    )
    exclude: tuple[str, ...] = key(
        (), "classes that are left out, such as those that models shall be judged on"
    )
    seed: int = key(1, "start of the random numbers; the same seed gives the same sky", ge=0)
    bands: Bands = key("gr", "filters: some of g, r and i")
    years: tuple[Years, ...] = key(
        (3.0,),
        "length of the survey: one for all quadrants, or that of each",
        unit="yr",
        min_length=1,
    )
    n_epochs_median: tuple[Epochs, ...] = key(
        (150,), "epochs of a light curve in the middle, likewise", min_length=1
    )
    with_crossmatch: bool = key(True, "simulate the external catalogues and alerts as well")

    @model_validator(mode="after")
    def _one_for_each_unit(self) -> Self:
        n_units = len(self.units)
        if len(set(self.units)) < n_units:
            raise ValueError(f"units that differ, not {', '.join(self.units)}")
        for name in ("years", "n_epochs_median"):
            value = getattr(self, name)
            if len(value) not in (1, n_units):
                given = ", ".join(f"{number:g}" for number in value)
                raise ValueError(
                    f"{name} with one number for all quadrants, or one for each of the {n_units} "
                    f"units, not {given or 'none'}"
                )
        return self

    def survey(self, unit: str) -> dict[str, float]:
        """Return ``years`` and ``n_epochs_median`` of a quadrant.

        Raises
        ------
        NotFoundError
            If each of the units has its own, and this is none of them.
        """
        found = {"years": self.years, "n_epochs_median": self.n_epochs_median}
        if unit not in self.units and any(len(value) > 1 for value in found.values()):
            raise NotFoundError(
                "no length of the survey for this simulated quadrant",
                value=unit,
                allowed=self.units,
                todo="name it in simulation.units, or give one length for all",
            )
        place = self.units.index(unit) if unit in self.units else 0
        return {name: value[place % len(value)] for name, value in found.items()}


class Thresholds(Section):
    """Named cuts on scores. Stored scores are never cut or rounded."""

    label: float = key(0.7, "a light curve counts as of a class above this", ge=0, le=1)
    evaluation: float = key(
        0.5, "a prediction counts as positive in confusion matrices", ge=0, le=1
    )
    posting: float = key(0.7, "a classification is worth posting from this on", ge=0, le=1)
    sampling: float = key(0.9, "candidates for labelling are drawn from this on", ge=0, le=1)


class Downloads(Section):
    """Places where ``scope fetch-models``, ``fetch-datasets`` and ``download-archive`` find files.

    A source is an address (https://…), a bucket (gs://<bucket>/…, s3://<bucket>/…) or a
    folder, with a file SHA256SUMS.
    """

    models: str | None = key(
        None,
        "source of trained models, <algorithm>/<group>/…: https://…, gs://<bucket>/…, "
        "s3://<bucket>/… or a folder, with a file SHA256SUMS",
        min_length=1,
    )
    datasets: str | None = key(None, "source of training sets, likewise", min_length=1)
    archive: str = key(
        "https://irsa.ipac.caltech.edu/data/ZTF/lc/lc_dr{release}",
        "source of bulk light curves, with {release} for the number of the data release; its "
        "list of MD5 sums is checksum.md5",
        min_length=1,
    )


Prevalence = Annotated[float, Field(gt=0, lt=1)]


class Probabilities(Section):
    """Settings of the way from probabilities of the training set to those of a target."""

    prevalence: Literal["estimated", "training"] = key(
        "estimated",
        "how frequent classes are taken to be in a field: as its own scores say, or as in training",
    )
    lists: Literal["estimated", "training"] = key(
        "training",
        "the same for lists of sources and for events: somebody chose them, so that they are no "
        "fair sample of the sky",
    )
    min_rows: int = key(
        1000, "a target with fewer classified light curves is taken to be as in training", ge=1
    )
    stated: Annotated[dict[str, Prevalence], WHOLE] = key(
        dict,
        "share of light curves of a class that is known otherwise, by class tag; a map given here "
        "replaces this one",
    )
    most_distance: float = key(
        0.1,
        "classes whose scores in the target are further than this from any mixture of those of "
        "training (largest difference of the distributions, beyond chance) keep the frequency of "
        "the training set",
        gt=0,
        le=1,
    )
    strange_below: float = key(
        0.02,
        "light curves whose ood_p is below this are unlike anything the models know: they get no "
        "label in reports, counts and uploads unless asked for; 0 gives all of them labels",
        ge=0,
        le=1,
    )


class Inference(Section):
    """Settings of the way from features to scores and products."""

    algorithms: tuple[Algorithm, ...] = key(DEFAULT_ALGORITHMS, "which models score", min_length=1)
    group: dict[Algorithm, GroupName] = key(
        lambda: dict.fromkeys(DEFAULT_ALGORITHMS, STARTER),
        "which trained models, per algorithm: the folder models/variables/<algorithm>/<group> or "
        "models/<algorithm>/<group>; one name stands for all",
    )
    classes: tuple[str, ...] | None = key(
        None, "tags of the classes to score; null scores all that the models have", min_length=1
    )
    classes_per_job: Literal["all", "one"] = key(
        "all", "score all classes in one job (a laptop) or each in its own (a cluster)"
    )
    formats: tuple[Literal["csv", "h5"], ...] = key(
        (), "formats of the predictions besides Parquet"
    )
    batch_rows: int = key(8192, "rows that are scored at a time; no score depends on it", ge=1)

    @field_validator("group", mode="before")
    @classmethod
    def _one_group_for_all(cls, value: object) -> object:
        return dict.fromkeys(PLUGIN_ALGORITHMS, value) if isinstance(value, str) else value

    def group_of(self, algorithm: str) -> str:
        """Return which models of an algorithm are used."""
        return self.group.get(algorithm, STARTER)
