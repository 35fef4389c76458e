"""Sources that networks and trees see differently, from tables or Kowalski to Fritz."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import UsageError
from scope.fritz import disagreements
from scope.fritz.disagreements import DisagreementOptions

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config


@dataclass(frozen=True, kw_only=True)
class DisagreementRequest:
    """Scores, what disagrees in them, and the groups on Fritz that get it.

    Attributes
    ----------
    file : str
        Training set, whose light curves are left out.
    group_ids : sequence of int
    token : str, optional
        Must be None: on a command line others could read it.
    scores : sequence of str, optional
        Catalogues with scores of both algorithms; by default the collection
        `classifications_catalog` of Kowalski.
    classification : str
        Tag of the class.
    high, low : float
        One score is above the first, the other at most the second.
    radius_arcsec : float
        Around a position, for its source on Fritz and its light curves.
    instrument_name : str
        Of the photometry; none is posted for known sources with `skip_phot`.
    result_dir, result_filetag, result_format : str
        Folder of the results, end of their names, and csv, h5 or parquet.
    dry_run : bool
        Show what would be sent, and send nothing.
    config_path : str, optional
        Configuration file to use.
    """

    file: str
    group_ids: Sequence[int]
    token: str | None = None
    scores: Sequence[str] | None = None
    classifications_catalog: str = "ZTF_source_classifications_DR16"
    classification: str = "vnv"
    high: float = 0.95
    low: float = 0.1
    radius_arcsec: float = 2.0
    instrument_name: str = "ZTF"
    skip_phot: bool = False
    result_dir: str = "fritzUpload"
    result_filetag: str = "disagreements"
    result_format: str = "parquet"
    dry_run: bool = False
    config_path: str | None = None


def upload_disagreements(request: DisagreementRequest, report: Callable[[str], None]) -> None:
    """Find light curves whose scores disagree and that no training set has, and save them.

    Raises
    ------
    ServiceError
        If Fritz refuses some of it.
    ScopeError
        If a table or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.fritz.journal import Journal
    from scope.fritz.results import ResultFiles
    from scope.fritz.server import open_fritz
    from scope.fritz.upload import Upload, UploadOptions
    from scope.fritz.upload_classification import light_curve_source, raise_refused, write_results
    from scope.io.user_tables import read_user_table

    if request.token is not None:
        raise UsageError(
            "token on the command line, where others can read it",
            todo="set FRITZ_INSTANCE_TOKEN, or write it into private.yaml",
        )
    config = load_config(config_path=request.config_path)
    rule = DisagreementOptions(request.classification, request.high, request.low)
    known = disagreements.known_ids(read_user_table(request.file), request.file)
    found = _find(request, config, rule)
    table = disagreements.not_in_training(found, known)
    report(f"{len(found)} light curves disagree, {len(table)} of them in no training set")
    options = UploadOptions(
        tuple(request.group_ids),
        skip_phot=request.skip_phot,
        radius_arcsec=request.radius_arcsec,
        instrument_name=request.instrument_name,
    )
    light_curves = light_curve_source(config, options)
    stem = f"{Path(request.file).stem}_{request.result_filetag}"
    files = ResultFiles(Path(request.result_dir), stem, request.result_format)
    path = None if request.dry_run else files.journal
    with (
        open_fritz(config, report, dry_run=request.dry_run) as fritz,
        Journal(path, fritz.options.address) as journal,
    ):
        try:
            upload = Upload(fritz, journal, options, light_curves)
            names = disagreements.upload_disagreements(upload, table, rule)
        finally:
            if not request.dry_run:
                refused = write_results(journal, files, report)
    report(f"{len(set(names))} sources in groups {', '.join(map(str, request.group_ids))}")
    if not request.dry_run and refused:
        raise_refused(refused, files)


def _find(request: DisagreementRequest, config: Config, rule: DisagreementOptions) -> pd.DataFrame:
    import pandas as pd

    from scope.io.user_tables import read_user_table
    from scope.services.kowalski import Kowalski

    if request.scores:
        parts = [
            disagreements.disagreements_of_table(read_user_table(path), rule, path)
            for path in request.scores
        ]
        return pd.concat(parts, ignore_index=True)
    return disagreements.disagreements_of_kowalski(
        Kowalski(config.kowalski_options()),
        request.classifications_catalog,
        config.kowalski.collections.features,
        rule,
    )
