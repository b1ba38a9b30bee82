"""Vectors by an embedder that a card describes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visavis.adapters.cards import EmbedderCard
from visavis.adapters.openvino.runtime import Runtime
from visavis.model.template import UsualLength
from visavis.model.weights import ModelUnusable


class OnnxEmbedder:
    """A ``visavis.embed.embedder.Embedder``."""

    def __init__(self, network: bytes, *, card: EmbedderCard, runtime: Runtime) -> None:
        """Compile ``network`` and check it against ``card``.

        :raises ModelUnusable: the output that the card names is missing or of another size, or it does not compile.
        """
        self._card = card
        self._centre = np.asarray(card.output.centre or np.zeros(card.output.dimension), np.float32)
        self._network = runtime.compile(network, card=card)
        if card.output.name not in self._network.output_names:
            raise ModelUnusable(f"{card.file} has no output {card.output.name}.")
        found = self.embed([np.zeros((card.side, card.side, 3), np.uint8)]).shape
        if found != (1, card.output.dimension):
            raise ModelUnusable(f"{card.file} gives shape {found}, the card says (1, {card.output.dimension}).")

    @property
    def model_id(self) -> str:
        """The id of the card."""
        return self._card.id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._card.output.dimension

    @property
    def usual_length(self) -> UsualLength | None:
        """What the card says of the lengths of vectors."""
        length = self._card.output.length
        return None if length is None else UsualLength(middle=length.middle, width=length.width)

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Raw vectors of ``crops``, shape (n, dimension); see ``Embedder.embed``.

        A card may ask for the mean of what the network gives a crop and its mirror image, and for what all faces have
        in common to be taken away: the vector keeps its length times how far its direction is from that.
        """
        if not crops:
            return np.zeros((0, self.dimension), np.float32)
        pictures = np.stack(crops)
        if self._card.output.mirrored:
            pictures = np.concatenate([pictures, pictures[:, :, ::-1]])
        (found,) = self._network.run(pictures, outputs=[self._card.output.name])
        vectors: NDArray[np.float32] = found.reshape(-1, len(crops), found.size // len(pictures)).mean(axis=0)
        if vectors.shape[1] != self.dimension:
            return vectors
        vectors -= np.linalg.norm(vectors, axis=1, keepdims=True) * self._centre
        return vectors
