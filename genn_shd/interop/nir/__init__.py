"""Networks to and from NIR, the Neuromorphic Intermediate Representation.

    from genn_shd import NirNetwork, read_nir, write_nir

    write_nir("words.nir", NirNetwork.from_model(model))
    read = read_nir("words.nir")                # the network with all of its numbers
    model = compile_network(read.network, dt=read.dt)
    read.apply(model)

J. E. Pedersen et al., Nat. Commun. 15, 8122 (2024). `pip install nir` brings the package that reads and writes files.
"""

from ..._moved import serve_old_names
from .dialects import DIALECTS
from .files import read_nir, write_nir
from .nir_network import NirNetwork
from .reading import read_graph
from .writing import READOUTS, write_graph

__all__ = ["DIALECTS", "READOUTS", "NirNetwork", "read_graph", "read_nir", "write_graph", "write_nir"]

__getattr__ = serve_old_names(__name__, {"read": "read_nir", "write": "write_nir"})
