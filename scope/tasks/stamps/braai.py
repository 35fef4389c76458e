"""Published networks of braai (Duev et al. 2019), made into bundles.

The weights are read with `h5py`. Which norm a network was trained with stands in no file: it
is given, and what alerts of the survey say of d6_m7 shows which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scope.errors import ConfigError
from scope.models.algorithm import InputSpec
from scope.models.bundle import Bundle, Member, Output
from scope.models.images.keras_sequence import read_sequence
from scope.provenance import hash_file
from scope.tasks.stamps.normalise import AXES, Normalisation
from scope.tasks.stamps.stamp_model import MEMBER, OUTPUT, Card

NORMS: Mapping[str, str] = {"d6_m7": "l2_rows", "d6_m9": "l2"}
"""Name of a network -> its normalisation: d6_m7 with rows gives the scores that ZTF's packets
carry; d6_m9 with each whole image is what its authors' service does."""

ALERT_LAYERS = ("science", "template", "difference")
ALERT_PAD = 1e-9

CARD = """# {name}

The network {name} of braai (Duev et al. 2019, MNRAS 489, 3582), imported from
`{file}` (sha256 {sha256}).

- Input: {size}x{size} pixels, {layers}, as in ZTF's alert packets; smaller stamps are padded
  right and below with {pad:g}, NaN becomes 0.
- Normalisation: {norm}, axes {axes}. Any other gives wrong scores.
- Not fit for: another survey's images, or scores of stamps at the edge of a chip: what ZTF
  itself did with NaN there is not known.
- Its scores are no probabilities: they were not calibrated here.
"""


def import_braai(
    path: str | Path,
    output: str | Path,
    *,
    architecture: str | Path | None = None,
    name: str | None = None,
    normalise: str | None = None,
) -> Bundle:
    """Make a bundle of a published network.

    Parameters
    ----------
    path : path
        ``d6_m7.h5`` or ``braai_d6_m9.h5``; or weights alone.
    output : path
        Folder of the bundle.
    architecture : path, optional
        JSON of the layers, for weights alone.
    name : str, optional
        d6_m7 or d6_m9; by default it is looked for in the name of the file.
    normalise : str, optional
        For any other network of this form.

    Raises
    ------
    ConfigError
        If nobody says how its stamps are normalised.
    BundleError, NotFoundError
        If the file cannot be used.
    """
    from scope.models.bundle_writer import write_bundle
    from scope.models.images.image_network import ImageNetwork

    path = Path(path)
    name = name or next((known for known in NORMS if known in path.name), path.stem)
    norm = normalise or NORMS.get(name)
    if norm is None or norm not in AXES:
        raise ConfigError(
            f"normalisation of the network {name}",
            value=norm,
            allowed=AXES,
            todo="give it: it stands in no file, and a wrong one is not noticed",
        )
    if normalise is not None and name in NORMS and normalise != NORMS[name]:
        raise ConfigError(
            f"normalisation that {name} was not trained with", value=normalise, allowed=NORMS[name]
        )
    network = read_sequence(path, architecture)
    ImageNetwork(network)
    rows, _, layers = network.input_shape
    card = Card(Normalisation(norm, "zero", ALERT_PAD), ALERT_LAYERS[:layers], rows)
    sha256 = hash_file(path)
    return write_bundle(
        output,
        task="stamps",
        algorithm="cnn",
        group=name,
        inputs=[InputSpec("image", (None, *network.input_shape))],
        outputs=[Output(OUTPUT, "score")],
        members=[member()],
        models={MEMBER: sequence_bytes(path, architecture)},
        metrics={},
        card=CARD.format(
            name=name,
            file=path.name,
            sha256=sha256[:12],
            size=rows,
            layers=", ".join(card.layers),
            pad=ALERT_PAD,
            norm=norm,
            axes=AXES[norm],
        ),
        preparation=card.record(),
        facts={"source": {"file": path.name, "sha256": sha256}},
    )


def member() -> Member:
    """Return the one member of a bundle of stamps."""
    return Member(MEMBER, "model.h5", OUTPUT)


def sequence_bytes(path: Path, architecture: str | Path | None) -> bytes:
    """Return a file with layers and weights in one; the training state is left out."""
    import io

    import h5py

    content = io.BytesIO()
    with h5py.File(path, "r") as old, h5py.File(content, "w") as new:
        group = old.get("model_weights", old)
        target = new.create_group("model_weights")
        target.attrs["layer_names"] = group.attrs["layer_names"]
        for name in group:
            if isinstance(group[name], h5py.Group) and "weight_names" in group[name].attrs:
                group.copy(name, target)
        text = old.attrs.get("model_config")
        if architecture is not None:
            text = Path(architecture).read_text(encoding="utf-8")
        new.attrs["model_config"] = text
    return content.getvalue()
