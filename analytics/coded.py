"""Texts of few kinds, as numbers that stand for them: a million are compared and counted so in a
hundredth of the time that objects take."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Places = NDArray[np.signedinteger[Any]]


class Coded(Struct, frozen=True):
    """The text of each element is that of `names` at its code; a name may be of none."""

    codes: Codes
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, places: Places | NDArray[np.bool_]) -> "Coded":
        return Coded(self.codes[places], self.names)

    @property
    def found(self) -> list[str]:
        """The names of which there is an element."""
        counts = np.bincount(self.codes, minlength=len(self.names))
        return [name for name, count in zip(self.names, counts.tolist(), strict=True) if count]

    def are(self, name: str) -> NDArray[np.bool_]:
        """Of each element, whether it is of that name."""
        code = self.names.index(name) if name in self.names else -1
        return np.asarray(self.codes == code)

    def among(self, names: Sequence[str]) -> Codes:
        """Of each element, its place among `names`; -1 where it is none of them."""
        known = {name: place for place, name in enumerate(names)}
        places = np.array([*(known.get(name, -1) for name in self.names), -1], dtype=np.intp)
        return places[self.codes]

    def texts(self) -> list[str]:
        return [self.names[code] for code in self.codes.tolist()]


def coded(texts: pa.ChunkedArray | Sequence[str], missing: str = "") -> Coded:
    """Arrow's texts, coded already or not, or Python's; NULL is called `missing`."""
    column = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts], pa.string())
    known = column.unify_dictionaries().combine_chunks().dictionary_encode()
    names, indices = known.dictionary.to_pylist(), known.indices
    if indices.null_count:
        if missing not in names:
            names.append(missing)
        indices = indices.fill_null(names.index(missing))
    return Coded(indices.to_numpy().astype(np.intp), tuple(names))


def joined(one: Coded, other: Coded) -> Coded:
    """The elements of both, one after the other."""
    names = tuple(dict.fromkeys([*one.names, *other.names]))
    return Coded(np.concatenate([one.among(names), other.among(names)]), names)
