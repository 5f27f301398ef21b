"""Networks to and from NIR, the Neuromorphic Intermediate Representation.

    from genn_shd.interop import nir

    nir.write("words.nir", nir.NirNetwork.of_model(model))
    read = nir.read("words.nir")                # the network with all of its numbers
    model = compile_network(read.network, dt=read.dt)
    read.apply(model)

J. E. Pedersen et al., Nat. Commun. 15, 8122 (2024). `pip install nir` brings the package that reads and writes files.
"""

from .dialects import DIALECTS
from .files import read, write
from .nir_network import NirNetwork
from .reading import read_graph
from .writing import READOUTS, write_graph

__all__ = ["DIALECTS", "READOUTS", "NirNetwork", "read", "read_graph", "write", "write_graph"]
