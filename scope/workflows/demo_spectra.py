"""A simulated survey of spectra, an ensemble, and two rounds of questions."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path

from scope.checkout import SNAKEFILE
from scope.errors import ScopeError
from scope.runs.run_workflow import run_snakemake_here

CONFIGURATION = """\
active:
  ledger: labels
  tasks:
    spectra:
      members: {members}
      size: {size}
      strategy: entropy
      options: {{data: survey, learner: {learner}, map_cells: 6, filters: 16, epochs: 20}}
"""

TASK, HOME = "spectra", Path("results/active/spectra")

FIRST_LABELS, QUESTIONS = 60, 30

Report = Callable[[str], None]


def run_demo(
    folder: Path,
    report: Report,
    *,
    cores: int = 2,
    members: int = 8,
    objects: int = 400,
    learner: str = "network",
) -> None:
    """Survey, labels, round 1, answers by the truth, round 2, figure.

    Parameters
    ----------
    folder : Path
        Where everything goes.
    report : callable
        Gets what is to be said, line by line.
    cores : int
        CPU cores to use.
    members : int
        Members of the ensemble.
    objects : int
        Objects of the survey.
    learner : str
        What members are: ``network`` or ``trees``.

    Raises
    ------
    ScopeError
        If the workflow fails.
    """
    from scope.active.ledger import Ledger
    from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "survey" / "truth.csv").exists():
        report(f"Simulating {objects} spectra …")
        simulate_survey(folder / "survey", SurveyOptions(objects=objects, step=3.2))
    truth = true_labels(folder / "survey" / "truth.csv")
    first = list(truth)[:FIRST_LABELS]
    Ledger(folder / "labels").append(
        {
            "object": name,
            "task": TASK,
            "label": truth[name],
            "source": "catalogue",
            "date": "2025-01-01",
        }
        for name in first
    )
    text = CONFIGURATION.format(members=members, size=QUESTIONS, learner=learner)
    (folder / "demo.yaml").write_text(text, encoding="utf-8")
    for number in (1, 2):
        report(f"Round {number}: {members} members, scores, questions …")
        run_rounds(folder, cores)
        if number == 1 and not (folder / HOME / "1" / "answers.csv").exists():
            answer(folder / HOME / "1", truth)
    report_rounds(folder, truth, report)


def true_labels(path: Path) -> dict[str, str]:
    """Return the class of each object of a survey, as a person would give it."""
    from scope.tasks.spectra.truth import read_truth

    truth = read_truth(path)
    return {str(one): str(label) for one, label in zip(truth.ids, truth.label, strict=True)}


def run_rounds(folder: Path, cores: int) -> None:
    """Go as far as answers have come.

    Raises
    ------
    ScopeError
        If the workflow fails.
    """
    arguments = ["--cores", str(cores), "--quiet", "rules", "host", "reason", "progress"]
    arguments += ["--snakefile", str(SNAKEFILE), "--configfile", "demo.yaml"]
    with chdir(folder):
        status = run_snakemake_here([*arguments, "--", "active"])
    if status != 0:
        raise ScopeError(
            "the workflow failed",
            value=str(folder),
            todo="read the message above and the files in its logs/",
        )


def answer(folder: Path, truth: dict[str, str]) -> None:
    """Fill the sheet as a person who is always right."""
    from scope.io.atomic import write_bytes

    with open(folder / "sheet.csv", encoding="utf-8", newline="") as file:
        rows = [row["object"] for row in csv.DictReader(file)]
    lines = ["object,label,labeller,date"]
    lines += [f"{name},{truth[name]},truth,2025-01-02" for name in rows]
    write_bytes(("\n".join(lines) + "\n").encode(), folder / "answers.csv")


def report_rounds(folder: Path, truth: dict[str, str], report: Report) -> None:
    """Report what both rounds know, measured by the truth, and draw it."""
    curves = []
    for number in (1, 2):
        at = folder / HOME / str(number)
        found = round_figures(at, truth)
        curves.append(found)
        text = ", ".join(f"{key} {value:.3f}" for key, value in found.items())
        report(f"round {number}: {text}")
    draw_rounds(curves, folder / "rounds.png")
    report(f"\nthe sheet for people   {folder / HOME / '2' / 'sheet.html'}")
    report(f"what both rounds know  {folder / 'rounds.png'}")
    report(f"to look and label      scope desk {folder / HOME} --label")


def round_figures(folder: Path, truth: dict[str, str]) -> dict[str, float]:
    """Return labels, accuracy of what has no label, and purity and completeness of quasars."""
    import numpy as np

    from scope.active.loop import facts_of
    from scope.io.frames import read_parquet
    from scope.tasks.spectra.loop import CLASSES

    scores, known = (read_parquet(folder / f"{name}.parquet") for name in ("scores", "labels"))
    used = set(known["object"][~known["held_out"]])
    scores = scores[~scores["object"].isin(used) & (scores["n_members"] > 0)]
    p = scores[[f"mean_{name}" for name in CLASSES]].to_numpy()
    said = np.array(CLASSES)[p.argmax(axis=1)]
    right = scores["object"].map(truth).to_numpy(dtype=str)
    called, quasar = np.char.startswith(said, "QSO"), np.char.startswith(right, "QSO")
    facts = facts_of(folder / "scores.parquet")
    return {
        "labels": float(len(used)),
        "accuracy": float((said == right).mean()),
        "purity": float((called & quasar).sum() / max(called.sum(), 1)),
        "completeness": float((called & quasar).sum() / max(quasar.sum(), 1)),
        "calibration error out of bag": float(facts.get("ece_out_of_bag", float("nan"))),
    }


def draw_rounds(curves: Sequence[dict[str, float]], path: Path) -> None:
    """Draw what rounds know against the number of labels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    labels = [one["labels"] for one in curves]
    for name in ("accuracy", "purity", "completeness"):
        axes.plot(labels, [one[name] for one in curves], "o-", label=name)
    axes.set(xlabel="labels", ylabel="of spectra without a label", ylim=(0, 1.02))
    axes.legend()
    figure.savefig(path, dpi=120)
