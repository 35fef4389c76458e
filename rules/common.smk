"""What all rules share: the configuration, wildcards, and helpers that name files.

Helpers take wildcards and return paths or settings; what they know is in the library.
"""

from dataclasses import replace
from functools import cache, wraps
from inspect import signature
from pathlib import Path

from snakemake.exceptions import WorkflowError

from scope.active.answers import is_answered, next_round
from scope.active.ledger import Ledger
from scope.active.loop import round_options as options_of_rounds
from scope.active.members import n_files
from scope.active.simulate_queries import simulation_options
from scope.tasks.variables.bundles.model_bundle import (
    MANIFEST,
    PREPROCESSING,
    bundle_folder,
    read_manifest,
    select_classes,
)
from scope.tasks.variables.training.fuse import FUSED, models_in_use
from scope.tasks.variables.training.training_settings import training_settings
from scope.config import load_config
from scope.plugins import DEFAULT_ALGORITHMS
from scope.errors import ScopeError
from scope.product.star_fusion import STARS
from scope.provenance import STAGES
from scope.surveys.catalogue_labelling import map_path
from scope.surveys.open import survey_settings as settings_of_survey
from scope.targets.paths import without_wildcards
from scope.targets.plan import Plan


def clearly(function):
    """Let a user's mistake end the run with one line and no traceback."""

    @wraps(function)
    def wrapper(*arguments, **keywords):
        try:
            return without_wildcards(function(*arguments, **keywords))
        except ScopeError as error:
            raise WorkflowError(f"error: {error}") from None

    # Snakemake asks for it at each call, and working it out takes longer than the call.
    wrapper.__signature__ = signature(function)
    return wrapper


CONFIG = clearly(load_config)(overrides=config, root=workflow.basedir)
PLAN = Plan(CONFIG)
clearly(PLAN.check_paths)(workflow.basedir)
IS_REMOTE = clearly(lambda: PLAN.is_remote)()
ALGORITHMS = list(dict.fromkeys([*DEFAULT_ALGORITHMS, *CONFIG.inference.algorithms]))
"""What is trained together, and can score: those of the shipped models, and those in use."""
FACTS = {"config_hash": CONFIG.config_hash}
if CONFIG.probabilities.stated:
    # Here and not in the last rule, after all the work; loaded only for this.
    from scope.catalog.probabilities import check_frequencies

    clearly(check_frequencies)(CONFIG)


wildcard_constraints:
    target=r"field_\d+|(ids|survey)_[A-Za-z0-9][\w.-]*|gcn_[\dT-]+",
    unit=r"ccd_\d\d_quad_\d|(chunk|part)_\d\d\d+",
    algo="|".join(ALGORITHMS),
    kind="|".join([*ALGORITHMS, FUSED]),
    group=r"[A-Za-z0-9][\w.-]*",
    origin=r"(twins/)?(labelled|catalogued|field_\d+/ccd_\d\d_quad_\d)|field_stars",
    classes=r"[a-z0-9_]+",
    task=r"[a-z][a-z0-9_]*",
    round=r"[1-9]\d*",
    member=r"\d+",
    split=r"\d+",
    preprocessing="[0-9a-f]{12}",


# Where light curves come from


@clearly
def survey_settings(wildcards):
    return PLAN.survey_settings(wildcards.target, wildcards.unit)


@clearly
def archive_inputs(wildcards):
    return PLAN.archive_inputs(wildcards.target, wildcards.unit)


@clearly
def list_inputs(wildcards):
    return PLAN.list_inputs(wildcards.target)


@clearly
def list_survey(wildcards):
    return PLAN.list_survey(wildcards.target)


@clearly
def cone_radius_arcsec(wildcards):
    return PLAN.source_list(wildcards.target).cone_radius_arcsec


@clearly
def crossmatch_inputs(wildcards):
    return PLAN.crossmatch_inputs(wildcards.target, wildcards.unit)


@clearly
def bright_star_inputs(wildcards):
    return PLAN.crossmatch_inputs(wildcards.target, wildcards.unit, "Gaia_EDR3")


@clearly
def simulation_settings(wildcards):
    return PLAN.simulation_settings(wildcards.target, wildcards.unit)


def target_surveys(wildcards):
    """What the target's units are read from, each survey once."""
    every = [PLAN.survey_settings(wildcards.target, unit) for unit in units(wildcards)]
    return [item for number, item in enumerate(every) if item not in every[:number]]


def queries(wildcards):
    """Queries that a job has under way at a time; their sum over all jobs is limited."""
    return int(PLAN.is_downloaded(wildcards.target))


def unless_downloaded(path):
    """Whatever can be read again from files is temporary; what was downloaded is kept."""
    return path if IS_REMOTE else temp(path)


if IS_REMOTE and "kowalski" not in workflow.global_resources:
    # A limit on the command line or in a profile comes first.
    workflow.register_resource("kowalski", CONFIG.kowalski.max_queries)


def target_archive_inputs(wildcards):
    paths = [
        path
        for unit in units(wildcards)
        for path in PLAN.archive_inputs(wildcards.target, unit)
    ]
    return list(dict.fromkeys(paths))


# Units of a target


@clearly
def units(wildcards):
    return PLAN.units(wildcards.target)


def feature_units(wildcards):
    return expand("results/features/{{target}}/{unit}.parquet", unit=units(wildcards))


def imputed_units(wildcards):
    return expand(
        "results/imputed/{{preprocessing}}/{{target}}/{unit}.parquet",
        unit=units(wildcards),
    )


# Models and what they make


@cache
@clearly
def bundle(algo, group):
    """Folder of a model bundle: of the run folder, else of the checkout."""
    return bundle_folder(
        [Path("models"), Path(workflow.basedir) / "models"], algo, group
    )


@clearly
def bundle_manifest(wildcards):
    return str(bundle(wildcards.algo, wildcards.group) / MANIFEST)


def bundle_manifests(wildcards):
    """The manifests of all bundles in use, in the order of the algorithms."""
    return [
        str(bundle(algo, group_of(algo)) / MANIFEST)
        for algo in CONFIG.inference.algorithms
    ]


def null_scores(wildcards):
    """Scored nulls for the predictions of an algorithm; none if its models are not in use."""
    if wildcards.algo not in CONFIG.inference.algorithms:
        return []
    return ["results/nulls/scores/{target}.parquet"]


def fusion_manifest(wildcards):
    return fusion_in_use()


@cache
def fusion_in_use():
    """The manifest of the fusion that lies beside the bundles in use; none is an answer."""
    groups = {algo: group_of(algo) for algo in CONFIG.inference.algorithms}
    fusion = models_in_use([Path("models"), Path(workflow.basedir) / "models"], groups)[
        1
    ]
    return [] if fusion is None else [str(fusion / MANIFEST)]


def star_fusion_manifest(wildcards):
    return star_fusion_in_use()


@cache
def star_fusion_in_use():
    """The manifest of the fusion over light curves beside the fusion in use, if any."""
    beside = [Path(path).parent for path in fusion_in_use()]
    manifests = [
        folder.parents[1] / STARS / folder.name / MANIFEST for folder in beside
    ]
    return [str(path) for path in manifests if path.is_file()]


def group_of(algo):
    return CONFIG.inference.group_of(algo)


@cache
@clearly
def preprocessing_of(algo, group):
    return read_manifest(bundle(algo, group))["files"][PREPROCESSING][:12]


def preprocessing_file(wildcards):
    """The frozen preprocessing of that name among the bundles in use."""
    # Predictions of an algorithm that the configuration leaves out can be asked for by name.
    others = [algo for algo in ALGORITHMS if algo not in CONFIG.inference.algorithms]
    for algo in [*CONFIG.inference.algorithms, *others]:
        if preprocessing_of(algo, group_of(algo)) == wildcards.preprocessing:
            return str(bundle(algo, group_of(algo)) / PREPROCESSING)
    raise WorkflowError(
        f"error: no bundle in use has the preprocessing {wildcards.preprocessing}"
    )


def gathered_file(wildcards):
    group = getattr(wildcards, "group", group_of(wildcards.algo))
    return f"results/gathered/{preprocessing_of(wildcards.algo, group)}/{wildcards.target}.parquet"


@clearly
def score_files(wildcards):
    group = group_of(wildcards.algo)
    manifest = read_manifest(bundle(wildcards.algo, group))
    chosen = select_classes(manifest, CONFIG.inference.classes)
    one_job = (
        CONFIG.inference.classes_per_job == "all" and CONFIG.inference.classes is None
    )
    return expand(
        "results/scores_{algo}/{target}/{group}/{classes}.parquet",
        algo=wildcards.algo,
        target=wildcards.target,
        group=group,
        classes=["all"] if one_job else chosen,
    )


def prediction_files(wildcards):
    return expand(
        "results/preds_{algo}/{{target}}.parquet", algo=CONFIG.inference.algorithms
    )


@clearly
def is_listed(wildcards):
    """Whether somebody chose the sources of a target, so that they are no sample of the sky."""
    return PLAN.is_selection(wildcards.target)


def no_targets(wildcards):
    """Say what to do, to those who ask for all products where there are no targets."""
    return PLAN.targets()


@clearly
def complete_products():
    """Every product of the configured targets."""
    if IS_REMOTE and not CONFIG.targets:
        return no_targets
    suffixes = ["parquet", *CONFIG.inference.formats]
    return [
        *expand(
            "results/preds_{algo}/{target}.{suffix}",
            algo=CONFIG.inference.algorithms,
            target=PLAN.targets(),
            suffix=suffixes,
        ),
        *expand("results/catalog/{target}.parquet", target=PLAN.targets()),
        *expand("results/stars/{target}.parquet", target=PLAN.targets()),
        *expand("results/report/{target}.html", target=PLAN.targets()),
    ]


# Training


def trained_models():
    """The bundles of both algorithms, their fusion, and that over light curves."""
    return expand(
        "results/models/{algo}/{group}",
        algo=[*ALGORITHMS, FUSED, STARS],
        group=CONFIG.training.group,
    )


def model_pages():
    """A page about each of them."""
    return expand(
        "results/report/models/{kind}_{group}.html",
        kind=[*ALGORITHMS, FUSED],
        group=CONFIG.training.group,
    )


def training_units(pattern):
    return [
        pattern.format(target=target, unit=unit)
        for target in CONFIG.training.targets
        for unit in PLAN.units(target)
    ]


LABELLED = [
    *(["labelled"] if CONFIG.training.labelled.folder else []),
    *(["catalogued"] if CONFIG.training.catalogues.tables else []),
]
"""Where training light curves come from, beside the simulated targets."""


FIELD_STARS = ["field_stars"] if CONFIG.training.field_stars.archive else []
"""Stars of real fields. They need no twins: each is there with a signal and without."""


def twins():
    """Copies of the light curves of each unit, and of the labelled ones."""
    if not (CONFIG.training.twins.per_light_curve or CONFIG.training.thinned.share):
        return []
    return [
        f"twins/{origin}" for origin in [*training_units("{target}/{unit}"), *LABELLED]
    ]


def training_features(wildcards):
    return [
        *training_units("results/features/{target}/{unit}.parquet"),
        *expand(
            "results/{origin}/features.parquet",
            origin=[*LABELLED, *FIELD_STARS, *twins()],
        ),
    ]


def training_truth(wildcards):
    return [
        *training_units("results/simulation/{target}/{unit}"),
        *expand(
            "results/{origin}/lightcurves", origin=[*LABELLED, *FIELD_STARS, *twins()]
        ),
    ]


def twin_parents(wildcards):
    """The light curves that are copied, and the folder of their truth."""
    if wildcards.origin in LABELLED:
        folder = f"results/{wildcards.origin}/lightcurves"
        return {"light_curves": folder, "truth": folder}
    return {
        "light_curves": f"results/lightcurves/{wildcards.origin}.parquet",
        "truth": f"results/simulation/{wildcards.origin}",
    }


@clearly
def field_star_archive(wildcards):
    """The folder of real fields; a change of its files is told by their times."""
    section = CONFIG.training.field_stars
    return str(Path(section.archive or "training.field_stars.archive").expanduser())


def training_cleaning(wildcards):
    """Copies with few epochs, and stars of fields, are held to a cut of their own."""
    cleaning = CONFIG.cleaning_options()
    if wildcards.origin in FIELD_STARS:
        return replace(cleaning, min_epochs=CONFIG.training.field_stars.least_epochs)
    if not wildcards.origin.startswith("twins/"):
        return cleaning
    fewest = min(cleaning.min_epochs, CONFIG.training.thinned.epochs[0])
    return replace(cleaning, min_epochs=fewest)


@clearly
def labelled_tables(wildcards):
    """The light curves and labels of the labelled sets."""
    labelled = CONFIG.training.labelled
    return expand(
        "{folder}/{name}/{table}.parquet",
        folder=labelled.folder or "training.labelled.folder",
        name=labelled.sets,
        table=["lightcurves", "labels"],
    )


@clearly
def catalogue_tables(wildcards):
    """The published tables, and the maps by which they are read."""
    tables = CONFIG.training.catalogues.tables
    return [
        *(item.path for item in tables),
        *(str(map_path(item.map)) for item in tables),
    ]


@clearly
def catalogued_survey(wildcards):
    """The survey whose light curves the catalogues label."""
    return settings_of_survey(CONFIG)


def catalogued_archive(wildcards):
    """The folder of the survey's files, if it has one; a change is told by its time."""
    if CONFIG.survey in CONFIG.surveys:
        return [CONFIG.surveys[CONFIG.survey].folder]
    return [] if CONFIG.archive is None else [CONFIG.archive]


def catalogued_queries(wildcards):
    """Queries of the database that the job has under way at a time."""
    return int(IS_REMOTE)


@clearly
def label_map(wildcards):
    """A file of config/, or any other by its whole path."""
    return str(Path(workflow.basedir) / "config" / CONFIG.training.labelled.label_map)


@clearly
def training_set_file(wildcards):
    """The configured labelled features, or those of the training targets."""
    return CONFIG.training.dataset or f"results/training/{wildcards.group}.parquet"


def bundle_settings(wildcards):
    return training_settings(CONFIG)


# Rounds of questions


def asking_settings(task):
    """The section of a task, which must be there."""
    if task not in CONFIG.active.tasks:
        raise WorkflowError(
            f"error: task that does not ask: {task!r}; allowed: "
            f"{', '.join(CONFIG.active.tasks) or 'none is configured'}; add it to active.tasks"
        )
    return CONFIG.active.tasks[task]


def waiting_sheets():
    """The sheets of the first round without answers, of each task."""
    ledger = Ledger(CONFIG.active.ledger)
    rounds = {
        task: next_round(f"results/active/{task}", ledger, task)
        for task in CONFIG.active.tasks
    }
    return [
        f"results/active/{task}/{number}/sheet.{suffix}"
        for task, number in rounds.items()
        for suffix in ("csv", "html")
    ]


def pool_data(wildcards):
    return asking_settings(wildcards.task).options.get("data", [])


def loop_settings(wildcards):
    return asking_settings(wildcards.task).options


@clearly
def round_options(wildcards):
    return options_of_rounds(asking_settings(wildcards.task).model_dump())


@clearly
def simulation_settings_of(wildcards):
    return simulation_options(asking_settings(wildcards.task).model_dump())


def known_labels(wildcards):
    """The table of known labels of a task, or the ledger."""
    table = asking_settings(wildcards.task).simulation.labels
    return table or str(Ledger(CONFIG.active.ledger).path)


def simulated_splits(wildcards):
    return expand(
        "results/active/{{task}}/simulation/{split}.parquet",
        split=range(asking_settings(wildcards.task).simulation.splits),
    )


def simulated_curves():
    """The picture of the loop with known labels, of each task that asks."""
    return expand(
        "results/active/{task}/simulation/curves.png", task=CONFIG.active.tasks
    )


def round_members(wildcards):
    """What all members of a round say of the pool."""
    settings = asking_settings(wildcards.task)
    return expand(
        "results/active/{task}/{round}/members/{member}.parquet",
        task=wildcards.task,
        round=wildcards.round,
        member=range(n_files(settings.filling, settings.members)),
    )


def answers_before(wildcards):
    """What people answered in the round before: no round begins without it.

    The file beside the sheet, or the ledger where it has an answer to every question. That one
    goes on growing, which makes no round anew.
    """
    before = int(wildcards.round) - 1
    if not before:
        return []
    folder, ledger = f"results/active/{wildcards.task}/{before}", Ledger(
        CONFIG.active.ledger
    )
    answers = f"{folder}/answers.csv"
    if not Path(answers).exists() and is_answered(Path(folder), ledger, wildcards.task):
        return [ancient(str(ledger.path))]
    return [answers]


@clearly
def night_alerts(wildcards):
    """The packets of a configured night."""
    from scope.tasks.stamps.nights import alerts_of

    return alerts_of(wildcards.night, CONFIG.stamps.alerts)


@clearly
def stamp_bundle(wildcards):
    """The manifest of the model that scores stamps."""
    from scope.tasks.stamps.nights import stamp_bundle_folder

    roots = [Path("models"), Path(workflow.basedir) / "models"]
    return str(
        stamp_bundle_folder(roots, CONFIG.stamps.algorithm, CONFIG.stamps.group)
        / MANIFEST
    )
