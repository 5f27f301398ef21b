"""Make a PyGeNN model of a blueprint. Only this module uses PyGeNN's classes of models."""

from __future__ import annotations

import re
from typing import Any

from ..names import Target
from .blueprint import Blueprint, NeuronBlueprint, SynapseBlueprint, UpdateBlueprint

_PRECISION = {"float32": "float", "float64": "double"}
MODEL_NAME = "network"


def name_in_genn(name: str) -> str:
    """Return the name of a population, connection or update in GeNN, which supports only ASCII letters."""
    return re.sub(r"[^\x00-\x7f]", lambda letter: f"_u{ord(letter[0]):x}_", name)


def assemble(blueprint: Blueprint, target: Target) -> Any:
    """Make the PyGeNN model of a blueprint, without building it. All variables start at zero."""
    from pygenn import GeNNModel

    model = GeNNModel(_PRECISION[blueprint.precision], MODEL_NAME, backend=target)
    model.dt = blueprint.dt
    model.batch_size = blueprint.lanes
    model.timing_enabled = blueprint.profile
    model.fuse_postsynaptic_models = True
    for neurons in blueprint.neurons:
        _add_neurons(model, neurons)
    for synapses in blueprint.synapses:
        _add_synapses(model, synapses)
    for update in blueprint.updates:
        _add_update(model, update)
    return model


def _add_neurons(model: Any, n: NeuronBlueprint) -> None:
    from pygenn import VarAccess, create_neuron_model

    name_of_group = name_in_genn(n.name)
    described = create_neuron_model(
        name_of_group,
        params=list(n.parameters),
        vars=[(v.name, v.type, getattr(VarAccess, v.access)) for v in n.variables],
        extra_global_params=[(name, f"{kind}*") for name, kind in n.arrays],
        additional_input_vars=[(name, "scalar", 0.0) for name in n.inputs],
        sim_code=n.code,
        threshold_condition_code=n.threshold or None,
    )
    zeros = {name: 0 if kind == "int" else 0.0 for name, kind in n.parameters}
    population = model.add_neuron_population(name_of_group, n.size, described, zeros, {v.name: 0 for v in n.variables})
    for name, _ in n.parameters:
        population.set_param_dynamic(name)


def _add_synapses(model: Any, s: SynapseBlueprint) -> None:
    from pygenn import (
        VarAccess,
        VarLocation,
        create_var_ref,
        create_weight_update_model,
        init_postsynaptic,
        init_weight_update,
    )

    described = create_weight_update_model(
        name_in_genn(s.name),
        vars=[
            ("g", "scalar", VarAccess.READ_ONLY),
            ("gradient", "scalar"),
            *((name, "scalar", getattr(VarAccess, access)) for name, access in s.variables),
        ],
        pre_neuron_var_refs=[(name, kind) for name, kind, _ in s.source_variables],
        post_neuron_var_refs=[(name, kind) for name, kind, _ in s.target_variables],
        pre_spike_syn_code=s.spike_code,
        pre_event_threshold_condition_code=s.event_condition,
        pre_event_syn_code=s.event_code,
    )
    source, target = (model.neuron_populations[name_in_genn(end)] for end in (s.source, s.target))
    connection = model.add_synapse_population(
        name_in_genn(s.name),
        "DENSE",
        source,
        target,
        init_weight_update(
            described,
            {},
            {"g": 0.0, "gradient": 0.0, **{name: 0.0 for name, _ in s.variables}},
            pre_var_refs={name: create_var_ref(source, variable) for name, _, variable in s.source_variables},
            post_var_refs={name: create_var_ref(target, variable) for name, _, variable in s.target_variables},
        ),
        init_postsynaptic("DeltaCurr"),
    )
    if model.backend_name != "single_threaded_cpu":
        # One matrix per lane, which is not copied to the host.
        for name in ("gradient", *(name for name, access in s.variables if access == "READ_WRITE")):
            connection.set_wu_var_location(name, VarLocation.DEVICE)
    if s.num_delays:
        connection.max_dendritic_delay_timesteps = s.num_delays
    if s.feedback_input:
        connection.pre_target_var = s.feedback_input


def _add_update(model: Any, u: UpdateBlueprint) -> None:
    from pygenn import CustomUpdateVarAccess, VarAccessMode, create_custom_update_model, create_egp_ref

    described = create_custom_update_model(
        name_in_genn(u.name),
        params=list(u.parameters),
        vars=[(name, "scalar", getattr(CustomUpdateVarAccess, access)) for name, access in u.variables],
        var_refs=[
            (name, kind, VarAccessMode.READ_ONLY if name in u.read_only else VarAccessMode.READ_WRITE)
            for name, kind, _ in u.references
        ],
        extra_global_param_refs=[(name, f"{kind}*") for name, kind in u.arrays],
        update_code=u.code,
    )
    population = model.neuron_populations.get(name_in_genn(u.subject))
    update = model.add_custom_update(
        name_in_genn(u.name),
        u.group,
        described,
        {name: 0 if kind == "int" else 0.0 for name, kind in u.parameters},
        {name: 0.0 for name, _ in u.variables},
        {name: _make_reference(model, u.subject, variable) for name, _, variable in u.references},
        {name: create_egp_ref(population, name) for name, _ in u.arrays},
    )
    for name, _ in u.parameters:
        update.set_param_dynamic(name)


def _make_reference(model: Any, subject: str, variable: str) -> Any:
    from pygenn import create_var_ref, create_wu_var_ref

    owner, _, name = variable.rpartition(":")
    owner, subject = name_in_genn(owner), name_in_genn(subject)
    if subject in model.neuron_populations:
        return create_var_ref(model.neuron_populations[subject], name)
    return create_wu_var_ref(model.custom_updates[owner] if owner else model.synapse_populations[subject], name)
