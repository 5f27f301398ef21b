"""Losses of a user: found by import path in settings, as `tests.custom_losses:squared_error`."""

from genn_shd import LossModel, Parameter, density_loss, logit_loss

squared_error = density_loss("squared_error", "(V - target * is_label)**2", {"target": Parameter(0.5)})

late_hinge = density_loss(
    "late_hinge",
    "weight * fmax(0, margin - V * (2 * is_label - 1))**2",
    {"margin": Parameter(0.3), "rise": Parameter(0.2)},
    weight="1 - exp(-t / T / rise)",
)

soft_count = logit_loss("soft_count", "log(1 + exp(sharpness * V)) / sharpness", {"sharpness": Parameter(4.0)})

by_snippets = LossModel(
    name="by_snippets",
    reads="mean_voltage",
    parameters={"loss_scale": Parameter(1.0, minimum=0.0)},
    state={"power": "0.0"},
    step_code="power += V * V * (dt / T);",
    logit="power",
    voltage_drive="error * 2.0 * V * (dt / T)",
)

no_loss = 3
