"""One file for each program: the network, a batch, a training step and a gradient.

Every file has a class `Adapter(work, variant)` with `pack(batch)`, `train_batch(packed)`, which returns the loss, and
`gradient(packed)`, which returns it by name of the connection. It runs in an environment of its own and imports NumPy
and its package, not genn_shd, except where the two share an environment.
"""
