"""Writes ``docs/rules.md`` from the rules themselves: ``python -m rehearsal.documents.rules_page > docs/rules.md``."""

from __future__ import annotations

import sys

from rehearsal.documents.registry import all_rules
from rehearsal.documents.rule import LibraryRule, Rule

_HEAD = """# Rules of `rehearse lint`

<!-- Generated: python -m rehearsal.documents.rules_page > docs/rules.md -->

An *error* is refused by the service or fails when it runs; a *warning* runs otherwise than a reader expects. Each
rule is a folder in `rehearsal/documents/rules/` with an example that keeps it and one that breaks it. In documents
whose names only AWS may give (`AWS-…`, `Amazon…`), only what the service refuses is an error: whatever else they
hold, they run.

## Using it

`rehearse lint PATH… [--format text|json|sarif] [--only RULE] [--skip RULE]` takes files, folders and CloudFormation
templates with `AWS::SSM::Document` in them, as YAML or JSON, with `!file` or rendered. Exit code 0: no errors, 1:
errors, 2: wrong usage. Rules that look at a whole library see what is given together: `rehearse lint ssm_documents
cloudformation`.

A finding that is meant to stay is ignored by a comment that says why; without a reason the comment itself is an
error:

```yaml
parameters:
  # lint: ignore A029 kept so that old callers can go on passing it
  Reason:
```

On a line of its own the comment covers the value that begins on the next line, with all that stands in it (above
the first key, the whole document); at the end of a line, that line. It works in included scripts as well.

### What rules expect of a library

- `patterns.yaml`, anywhere below a given path, is the registry of regular expressions (rule L012): every
  `allowedPattern` of a document is a key in it, with strings that it has to match and strings that it has to
  refuse. Parameter values are given as texts, so strings are quoted where YAML would read something else.

  ```yaml
  "^[a-z][a-z0-9-]*$":
    good: [web, web-2]
    bad: ["", Web, "web;id"]
  ```

- The template that installs the library says which runbook runs as which role (rules L010 and L011), by logical
  ids:

  ```yaml
  Metadata:
    Library:
      Roles:
        DiagnoseRole: [Example-Look]
        OperateRole: [Example-Restart]
  ```

  A role's grants are those of its own `Policies` and of `AWS::IAM::Policy`, `ManagedPolicy` and `RolePolicy`
  resources that name it. Needs come from the steps' actions and AWS calls, and from the boto3 calls in embedded
  Python scripts.

### Elsewhere

Other repositories run it before each commit with [pre-commit](https://pre-commit.com) (`id: rehearse-lint`, see
`.pre-commit-hooks.yaml`). In GitHub Actions, `echo "::add-matcher::.github/rehearse-lint-matcher.json"` before the
run shows findings on the lines of a pull request; `--format sarif` is for code scanning."""

_PARTS = (("A", "Automation documents"), ("C", "Command documents"), ("L", "Any document, and the library"))


def rules_page() -> str:
    """The page, rule by rule."""
    lines = [_HEAD]
    for letter, title in _PARTS:
        lines += [f"## {title}", ""]
        for rule in all_rules():
            if rule.id.startswith(letter):
                lines += _rule(rule)
    return "\n".join(lines).rstrip("\n") + "\n"


def _rule(rule: Rule | LibraryRule) -> list[str]:
    notes = [str(rule.level)]
    if rule.enforced:
        notes.append("enforced by CreateDocument as far as the service does")
    if isinstance(rule, LibraryRule):
        notes.append("looks at all documents together")
    return [f"### {rule.id} {rule.summary}", "", f"*{', '.join(notes)}.* {rule.why} ([source]({rule.source}))", ""]


if __name__ == "__main__":
    sys.stdout.write(rules_page())
