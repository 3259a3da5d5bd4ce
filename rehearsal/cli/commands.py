"""The commands by name. Each is in a module of its own, imported when it is called."""

from __future__ import annotations

from rehearsal.cli.lazy import LazyCommand, LazyGroup

HELP = """Executes a library of AWS Systems Manager documents on real hosts, before it reaches AWS.

A rehearsal is a local AWS endpoint, systemd hosts in containers, and an internet of its own. The stacks of
rehearsal.toml are deployed to it with the AWS CLI, and every runbook has to show what its scenario promises.

\b
  ./rehearse all                       from nothing to the report, and away again
  ./rehearse up                        start and deploy, and leave it up
  eval "$(./rehearse env)"             then aws, boto3, terraform … talk to it
  ./rehearse run RUNBOOK --parameters Name=value,…
  ./rehearse down                      leaves nothing behind

Exit codes: 0 everything was as it should be; 1 something fell short; 2 the command was used or fed wrongly;
130 interrupted. What a command leaves behind is in build/rehearsal/.
"""

COMMANDS = {
    "all": LazyCommand("rehearsal.cli.all", "all_command", "The main job: from nothing to the report."),
    "up": LazyCommand("rehearsal.cli.up", "up_command", "Start the cloud and deploy the stacks."),
    "down": LazyCommand("rehearsal.cli.down", "down_command", "Take everything down; leaves only the reports."),
    "status": LazyCommand("rehearsal.cli.status", "status_command", "Show hosts, services and executions."),
    "env": LazyCommand("rehearsal.cli.env", "env_command", "Print export lines for any AWS client."),
    "run": LazyCommand("rehearsal.cli.run", "run_command", "Start one runbook and stream what it does."),
    "plan": LazyCommand("rehearsal.cli.plan", "plan_command", "Resolve a runbook's steps without running them."),
    "lint": LazyCommand("rehearsal.documents.commands", "lint", "Check documents."),
    "catalogue": LazyCommand("rehearsal.cli.catalogue", "catalogue_command", "Write or check the library's pages."),
    "report": LazyCommand("rehearsal.cli.report", "report_command", "Print or open the last report."),
}

cli = LazyGroup(
    name="rehearse",
    help=HELP,
    lazy_commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
