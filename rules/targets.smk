"""Say what may have been meant, to those who ask for a file that no rule makes."""

import snakemake.dag

from scope.targets.suggest import suggest_product


class MissingRuleException(snakemake.dag.MissingRuleException):
    """Snakemake raises it for every file that is simply there; only what is printed is looked up."""

    def __init__(self, file, **place):
        super().__init__(file, **place)
        self.file = str(file)

    def __str__(self):
        return "\n".join(filter(None, [super().__str__(), suggestion(self.file)]))


def suggestion(name):
    rules_by_name = [rule.name for rule in workflow.rules if not rule.has_wildcards()]
    try:
        targets = [*PLAN.targets(), *(f"ids_{name}" for name in CONFIG.lists)]
    except ScopeError:
        targets = []
    return suggest_product(name, targets, rules_by_name)


snakemake.dag.MissingRuleException = MissingRuleException
