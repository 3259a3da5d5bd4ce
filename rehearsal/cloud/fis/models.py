"""The backend of Fault Injection Service: moto's templates, and experiments that run."""

from __future__ import annotations

from typing import Any

from moto.fis.exceptions import FISException, ResourceNotFoundException
from moto.fis.models import FISBackend

from rehearsal.cloud.fis.experiment import ACTION, BY_USER, AutomationExperiment, Conductor, parameters_of, seconds
from rehearsal.cloud.services import Extended, Services


class ExperimentsBackend(Extended, FISBackend):
    """The experiments of one account and Region. Actions other than automations are refused at the start."""

    def __init__(self, region_name: str, account_id: str, *, services: Services) -> None:
        super().__init__(region_name, account_id)
        self.services = services

    def sweep(self) -> None:
        """Take every experiment that is not over a step further."""
        for experiment in list(self.experiments.values()):
            if isinstance(experiment, AutomationExperiment) and not experiment.is_over:
                Conductor(self.services, experiment).step()
                self.services.changed()

    def start_experiment(
        self,
        client_token: str | None,
        experiment_template_id: str,
        experiment_options: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """StartExperiment: it is started here and runs in the sweeps. Raises FISException."""
        template = self.experiment_templates.get(experiment_template_id)
        for name, action in (template.actions if template else {}).items():
            _check(name, action)
        shape = super().start_experiment(client_token, experiment_template_id, experiment_options, tags)
        planned = self.experiments[shape["id"]]
        if not isinstance(planned, AutomationExperiment):
            self.experiments[planned.id] = AutomationExperiment.of(planned)
        return self.get_experiment(planned.id)

    def stop_experiment(self, id: str) -> dict[str, Any]:  # noqa: A002 - moto passes it by name
        """StopExperiment: its automations are cancelled, and undo what they do, in the next sweep."""
        experiment = self.experiments.get(id)
        if not isinstance(experiment, AutomationExperiment):
            raise ResourceNotFoundException(f"Experiment {id} does not exist")
        if not experiment.is_over and not experiment.ending:
            experiment.ending = BY_USER
            experiment.enter("stopping", "Experiment is stopping.")
        return self.get_experiment(id)


def _check(name: str, action: dict[str, Any]) -> None:
    if action["actionId"] != ACTION:
        text = f"This endpoint runs no {action['actionId']} (action {name}); it runs {ACTION}."
        raise FISException("ValidationException", text)
    given = action.get("parameters") or {}
    if not given.get("documentArn") or not seconds(given.get("maxDuration", "")):
        raise FISException("ValidationException", f"Action {name} needs the parameters documentArn and maxDuration.")
    try:
        parameters_of(given)
    except ValueError as error:
        text = f"Action {name}: documentParameters has to be a JSON object in a text: {error}."
        raise FISException("ValidationException", text) from error
