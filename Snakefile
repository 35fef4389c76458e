"""From light curves to catalogues of variable-source classifications.

    snakemake -c2                                        the configured targets, complete
    snakemake -c2 --config archive=FOLDER results/preds_xgb/field_250.parquet
    snakemake -c2 --config survey=kowalski -- results/preds_xgb/field_297.parquet
    snakemake -c2 --directory RUN …                      the same from any folder
    snakemake -c2 train                                  rebuild the starter models

The stages are in rules/, one file each. config/README.md explains every setting.
"""

from scope.runs.interpreter import image_path
from scope.runs.interrupts import quiet_interrupts

quiet_interrupts()


# For `--software-deployment-method apptainer`, and built by its recipe; without it jobs run in
# the environment of Snakemake itself.
container: image_path(workflow.basedir, workflow.deployment_settings.deployment_method)


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/sources.smk"
include: "rules/features.smk"
include: "rules/inference.smk"
include: "rules/nulls.smk"
include: "rules/catalog.smk"
include: "rules/training.smk"
include: "rules/active.smk"
include: "rules/stamps.smk"
include: "rules/scheduler.smk"
include: "rules/runs.smk"
include: "rules/targets.smk"


rule all:
    """Catalogue, both prediction files and the report of each configured target."""
    default_target: True
    input:
        complete_products(),
