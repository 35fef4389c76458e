"""Label light curves of the archive by published catalogues."""

import logging

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.config.catalogues import Catalogues
    from scope.surveys.catalogue_labelling import catalogue_files, label_options
    from scope.surveys.curve_sources import SurveyCurves
    from scope.surveys.label_light_curves import label_light_curves
    from scope.surveys.open import open_survey

    section = Catalogues(**snakemake.params.settings)
    summary = label_light_curves(
        SurveyCurves(open_survey(snakemake.params.survey, snakemake.resources.kowalski)),
        catalogue_files(section, snakemake.input.label_map),
        snakemake.output[0],
        options=label_options(section),
        facts=snakemake.params.facts,
    )
    for line in summary.lines():
        logging.info(line)
