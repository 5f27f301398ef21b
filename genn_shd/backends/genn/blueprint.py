"""A GeNN model as plain data, which is hashed for the cache; `assembly` makes the PyGeNN model of it.

All parameters are dynamic and all initial values are zero, so that generated code does not depend on values of a run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Access = Literal["READ_WRITE", "READ_ONLY", "READ_ONLY_DUPLICATE", "READ_ONLY_SHARED_NEURON"]


@dataclass(frozen=True)
class Variable:
    """A variable of a model: name, type in GeNN's language, and access (PyGeNN's VarAccess)."""

    name: str
    type: str = "scalar"
    access: Access = "READ_WRITE"


@dataclass(frozen=True)
class NeuronBlueprint:
    """A population of neurons.

    Attributes
    ----------
    name, size : of the population.
    parameters : (name, type) of dynamic parameters.
    variables : variables, one value per neuron and lane, or as given by their access.
    arrays : (name, element type) of arrays on the device, allocated by the driver.
    inputs : names of additional inputs, zero at the start of every step.
    code : code of a step, after arrivals.
    threshold : condition of a spike, an expression of local variables of the code.
    """

    name: str
    size: int
    parameters: tuple[tuple[str, str], ...]
    variables: tuple[Variable, ...]
    arrays: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    code: str
    threshold: str


@dataclass(frozen=True)
class SynapseBlueprint:
    """All-to-all weights `g`, with code for spikes forward and events backward.

    Attributes
    ----------
    name, source, target : of the connection and its populations.
    source_variables, target_variables : names in the code -> (type, variable of the population).
    spike_code : a spike of the source, processed one step later.
    event_condition : variable of the code that says whether the source has a backward event.
    event_code : a backward event, processed one step later.
    feedback_input : additional input of the source that `addToPre` adds to; "" for none.
    variables : further variables of each synapse, with their access.
    num_delays : number of steps, including the current one, in which a spike may arrive; 0 without delays.
    """

    name: str
    source: str
    target: str
    source_variables: tuple[tuple[str, str, str], ...]
    target_variables: tuple[tuple[str, str, str], ...]
    spike_code: str
    event_condition: str
    event_code: str
    feedback_input: str
    variables: tuple[tuple[str, Access], ...] = ()
    num_delays: int = 0


@dataclass(frozen=True)
class UpdateBlueprint:
    """A custom update.

    Attributes
    ----------
    name, group : name of the update, and of the group that is executed together.
    subject : the connection or population that it updates.
    parameters : (name, type) of dynamic parameters.
    variables : (name, access) of its own variables, with PyGeNN's CustomUpdateVarAccess.
    references : (name in the code, type, variable of the subject or `update:variable` of another update).
    read_only : references that the code does not change.
    arrays : (name in the code, element type) of arrays of the subject population.
    code : run once for every element.
    """

    name: str
    group: str
    subject: str
    parameters: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]
    references: tuple[tuple[str, str, str], ...]
    read_only: tuple[str, ...]
    arrays: tuple[tuple[str, str], ...]
    code: str


@dataclass(frozen=True)
class Blueprint:
    """A whole GeNN model.

    Attributes
    ----------
    precision : "float32" or "float64".
    dt : time step, ms.
    lanes : number of samples that are simulated together, GeNN's batch size.
    profile : whether GeNN measures times.
    """

    precision: str
    dt: float
    lanes: int
    profile: bool
    neurons: tuple[NeuronBlueprint, ...]
    synapses: tuple[SynapseBlueprint, ...]
    updates: tuple[UpdateBlueprint, ...]

    def compute_digest(self, *environment: str) -> str:
        """Compute the name of the compiled code in the cache, for given compiler, versions and flags."""
        return hashlib.sha256("\0".join([repr(self), *environment]).encode()).hexdigest()[:32]
