"""A plasticity of a user's own."""

from genn_shd import Plasticity

BOX = Plasticity("box", "0.1 * (1 - w) * exp(-(t / 10)**8)", "-0.05 * w * exp(-(t / 20)**8)")
