"""One label for each object, where several people and programs have spoken."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scope.active.labels import WITHDRAWN, Label
from scope.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

RULES = ("votes", "expert", "last")


@dataclass(frozen=True)
class Settled:
    """The label of an object.

    Attributes
    ----------
    object, label : str
    weight : float
        Mean of those who said this; for `several` labels, of all who spoke of the class.
    votes, labellers : int
        How many said it, and how many spoke.
    settled_by : str
        ``agreement``, ``expert``, ``votes``, ``last`` or ``human``: people before programs.
    said : str
        Everything that was said, ``ann: QSO; bob: STAR``.
    """

    object: str
    label: str
    weight: float
    votes: int
    labellers: int
    settled_by: str
    said: str

    @property
    def conflict(self) -> bool:
        """Whether somebody said otherwise."""
        return self.settled_by != "agreement"


def settle(
    labels: Iterable[Label],
    rule: str = "votes",
    experts: Collection[str] = (),
    *,
    several: bool = False,
) -> list[Settled]:
    """Settle the labels of one task.

    Each labeller counts once, with what he or she said last, and not at all if that was taken back
    (`scope.active.labels.WITHDRAWN`). Labels of people come before
    those of catalogues and programs. Where people disagree: ``votes`` takes the most votes,
    then an expert's, then the latest; ``expert`` an expert's before all others, ``last`` the
    latest.

    Parameters
    ----------
    labels : iterable of Label
        In the order of the ledger.
    rule : str
        One of `RULES`.
    experts : collection of str
        Labellers who are.
    several : bool
        Objects may be of several classes: each class is settled by itself, by whether its
        weight is at least a half.

    Returns
    -------
    list of Settled
        In the order of the objects' names.
    """
    if rule not in RULES:
        raise UsageError("rule for labels that disagree", value=rule, allowed=RULES)
    groups: dict[tuple[str, str], dict[tuple[str, str], Label]] = defaultdict(dict)
    for label in labels:
        about = (label.object, label.label if several else "")
        who = (label.source, label.labeller)
        groups[about].pop(who, None)
        if label.note != WITHDRAWN:
            groups[about][who] = label
    return [
        _settled(list(groups[about].values()), rule, experts, several)
        for about in sorted(groups)
        if groups[about]
    ]


def _settled(said: list[Label], rule: str, experts: Collection[str], several: bool) -> Settled:
    people = [label for label in said if label.source == "human"]
    judges = people or said
    chosen, how = _chosen(judges, rule, experts)
    same = [label for label in judges if _opinion(label) == _opinion(chosen)]
    if how == "agreement" and any(_opinion(label) != _opinion(chosen) for label in said):
        how = "human"
    return Settled(
        object=chosen.object,
        label=chosen.label,
        weight=sum(label.weight for label in same) / len(same),
        votes=len(same),
        labellers=len(judges),
        settled_by=how,
        said="; ".join(f"{x.labeller or x.source}: {_spoken(x, several)}" for x in said),
    )


def _opinion(label: Label) -> tuple[str, bool]:
    return label.label, label.weight >= 0.5


def _spoken(label: Label, several: bool) -> str:
    return f"{label.label} {label.weight:g}" if several or label.weight < 1 else label.label


def _chosen(said: list[Label], rule: str, experts: Collection[str]) -> tuple[Label, str]:
    votes = Counter(map(_opinion, said))
    if len(votes) == 1:
        return said[-1], "agreement"
    of_experts = [label for label in said if label.labeller in experts]
    if rule == "expert" and of_experts:
        return of_experts[-1], "expert"
    if rule == "last":
        return said[-1], "last"
    most = max(votes.values())
    leading = [label for label in said if votes[_opinion(label)] == most]
    if len({_opinion(label) for label in leading}) == 1:
        return leading[-1], "votes"
    if best := [label for label in leading if label.labeller in experts]:
        return best[-1], "expert"
    return leading[-1], "last"


def settled_table(settled: Iterable[Settled]) -> pd.DataFrame:
    """Return the settled labels as a table, with a column ``conflict``."""
    import pandas as pd

    rows = [{**vars(item), "conflict": item.conflict} for item in settled]
    names = [*Settled.__dataclass_fields__, "conflict"]
    return pd.DataFrame(rows, columns=names)
