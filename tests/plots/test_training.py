import warnings

import matplotlib.image
import numpy as np
import pytest
from matplotlib.text import Text

from genn_shd.plots import training as plots


def row(epoch, **changes):
    return {
        "epoch": epoch,
        "training_loss": 1.0 / epoch,
        "training_accuracy": 1.0 - 0.5 / epoch,
        "validation_loss": None,
        "validation_accuracy": None,
        "test_loss": 1.1 / epoch,
        "test_accuracy": 1.0 - 0.6 / epoch,
        "learning_rate": 1e-3,
        "spikes_per_neuron": 10.0,
        "silent_neurons": 0,
        "grazing_spikes": 0,
        "seconds": 1.0,
        **changes,
    }


def labels(figure):
    axes = [a for sub in figure.subfigs for a in sub.axes] or figure.axes
    return [a.get_xlabel() for a in axes], [a.get_ylabel() for a in axes]


@pytest.mark.parametrize(("shape", "lines"), [((50,), 1), ((3, 50), 4)])
def test_the_weight_of_a_loss_is_drawn_with_its_mean_where_samples_differ(shape, lines):
    figure = plots.draw_loss_weight(
        np.arange(50) + 0.5, np.random.default_rng(0).uniform(size=shape), "a run: sum_input, w"
    )
    axes = figure.axes[0]
    assert len([line for line in axes.lines if len(line.get_xdata()) == 50]) == lines
    assert axes.get_xlabel() == "time, ms"
    assert (axes.get_legend() is not None) == (lines > 1)


@pytest.mark.parametrize("epochs", [1, 3, 200])
def test_training_curves_show_what_there_is_and_name_the_axes(epochs):
    figure = plots.draw_training_curves([row(n) for n in range(1, epochs + 1)], "a run")
    assert figure.get_suptitle() == "a run"
    assert labels(figure) == (
        ["epoch"] * 5,
        [
            *("loss", "accuracy", "learning rate"),
            *("spikes per hidden\nneuron and trial", "silent hidden neurons"),
        ],
    )
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training", "test"]
    loss = figure.subfigs[0].axes[0]
    assert [len(line.get_xdata()) for line in loss.lines] == [epochs, epochs]


def test_confusion_is_shown_in_per_cent_of_the_true_class():
    matrix = np.array([[3, 1, 0], [0, 0, 0], [0, 5, 5]])
    figure = plots.draw_confusion(matrix, ["zero", "one", "two"], "a run, test")
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[75, 25, 0], [0, 0, 0], [0, 50, 50]])
    assert [text.get_text() for text in axes.texts] == ["75", "25", "50", "50"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["zero (4)", "one (0)", "two (10)"]
    assert axes.get_xlabel() == "predicted class"


def test_many_classes_are_drawn_without_numbers():
    figure = plots.draw_confusion(np.eye(35, dtype=int), [f"word {n}" for n in range(35)], "ssc")
    assert not figure.axes[0].texts


def test_folds_name_their_mean():
    figure = plots.draw_folds({"ann": 0.5, "bob": 0.7}, "loso", "accuracy")
    assert "mean\n60.0 %" in [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.slow
def test_a_figure_is_saved_as_a_readable_png(tmp_path):
    path = tmp_path / "plots" / "curves.png"
    plots.save(plots.draw_training_curves([row(n) for n in range(1, 4)], "a run"), path)
    image = matplotlib.image.imread(path)
    assert image.shape[1] >= 1200
    assert image[..., :3].std() > 0.05  # something is drawn
    assert [p.name for p in path.parent.iterdir()] == ["curves.png"]


def test_losses_over_a_wide_range_are_drawn_on_a_logarithmic_axis():
    def scale(*losses):
        rows = [row(n + 1, training_loss=x, test_loss=x) for n, x in enumerate(losses)]
        return plots.draw_training_curves(rows, "a run").subfigs[0].axes[0].get_yscale()

    assert scale(2.3, 0.1) == "log"
    assert scale(2.3, 0.5) == "linear"
    assert scale(2.3, 0.0) == "linear"


def test_losses_below_zero_and_ones_that_are_no_number_are_drawn_as_they_are():
    rows = [row(n + 1, training_loss=x, test_loss=x) for n, x in enumerate((0.5, -2.0, float("nan")))]
    low, high = plots.draw_training_curves(rows, "a run").subfigs[0].axes[0].get_ylim()
    assert low < -2.0 and high > 0.5


AWKWARD = [
    *("$", "$x$ costs $", r"\frac{1}{0}", "_leading", "$\\", "a\nb", "\x1b[31mred", "nul\x00", "\udcff"),
    *("x" * 100_000, "x" * 99_999 + "y", "中文", "中\u4e8c"),
]


def drawn(figure, path):
    """What can be read in a figure after it was saved as PNG; every warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save(figure, path / "figure.png")
    assert matplotlib.image.imread(path / "figure.png").std() > 0.01
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.slow
def test_names_are_text_in_a_confusion_matrix(tmp_path):
    names = AWKWARD
    figure = plots.draw_confusion(np.eye(len(names), dtype=int), names, "$ \\frac _\n" + "x" * 100_000)
    texts = drawn(figure, tmp_path)
    assert {"$", "$x$ costs $", r"\frac{1}{0}", "_leading", r"a\nb", r"\x1b[31mred", r"nul\x00", r"\udcff"} <= {*texts}
    assert max(map(len, texts)) < 100
    assert len(figure.axes[0].get_yticklabels()) == len(names)


def test_every_speaker_left_out_has_a_bar_though_two_look_alike(tmp_path):
    figure = plots.draw_folds(dict.fromkeys(AWKWARD, 0.5), "$\\frac$", "accuracy")
    drawn(figure, tmp_path)
    assert len(figure.axes[0].patches) == len(AWKWARD)


@pytest.mark.slow
def test_names_are_text_in_the_curves_of_a_run_and_a_logarithmic_axis_has_plain_numbers(tmp_path):
    figure = plots.draw_training_curves([row(n, learning_rate=10.0**-n) for n in range(1, 5)], "$\\frac{1}{2$ $_\x00")
    texts = drawn(figure, tmp_path)
    assert r"$\frac{1}{2$ $_\x00" in texts
    assert "0.001" in texts and not [text for text in texts if "mathdefault" in text]


@pytest.mark.slow
def test_a_legend_names_also_what_begins_with_an_underscore(tmp_path):
    axes = (figure := plots.Figure()).subplots()
    plots.name_lines(axes, axes.plot([0, 1], [[0, 0], [1, 2]]), ["_a", "$b$"])
    drawn(figure, tmp_path)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["_a", "$b$"]
