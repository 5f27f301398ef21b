"""A loss of one's own: outputs are to reach a target voltage, that of the label's class alone.

Train with it:

    python -m genn_shd.train --preset yin_yang --set loss=examples.loss:squared_error --set loss.parameters.target=0.8
"""

from genn_shd import Parameter, density_loss

squared_error = density_loss(
    "squared_error",
    "(V - target * is_label)**2",
    {"target": Parameter(0.5, description="voltage of the label's output; that of the others is 0")},
)
