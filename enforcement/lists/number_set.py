"""The list of an order, sorted and each number once, in little memory however long it is."""

import heapq
import tempfile
from array import array
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, groupby, islice
from typing import IO

from django.conf import settings

_RUN = 10_000  # numbers sorted at a time
_READ = 500  # of each run, read ahead while merging: many runs are open at once
_IN_MEMORY = 1 << 20  # bytes; a longer list goes to a temporary file


class Listed(Collection[int]):
    """A million numbers as Python objects take 70 MB; here they lie as words, in a file when there are many."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self.given = self.count = 0
        self.repeated: dict[int, int] = {}  # number → how often, of the first of those that come more than once
        self._words = _file()
        with _file() as runs:
            lengths = []
            source = iter(numbers)
            while run := sorted(islice(source, _RUN)):
                runs.write(array("q", run).tobytes())
                lengths.append(len(run))
            self.given = sum(lengths)
            merged = heapq.merge(*(_read(runs, at * _RUN, n, _READ) for at, n in enumerate(lengths)))
            distinct = self._distinct(merged)
            while block := array("q", islice(distinct, _RUN)):
                self._words.write(block.tobytes())
                self.count += len(block)

    def _distinct(self, merged: Iterator[int]) -> Iterator[int]:
        for number, same in groupby(merged):
            times = sum(1 for _one in same)
            if times > 1 and len(self.repeated) < _RUN:
                self.repeated[number] = times
            yield number

    @classmethod
    def of(cls, numbers: Iterable[int]) -> "Listed":
        return numbers if isinstance(numbers, cls) else cls(numbers)

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self.chunks())

    def __len__(self) -> int:
        return self.count

    def __contains__(self, number: object) -> bool:
        return any(number == one for one in self)

    def chunks(self) -> Iterator[list[int]]:
        size: int = settings.QQOPS_CHUNK
        for at in range(0, self.count, size):
            yield list(_block(self._words, at, min(size, self.count - at)))


def _file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


def _read(file: IO[bytes], start: int, length: int, step: int) -> Iterator[int]:
    for at in range(start, start + length, step):
        yield from _block(file, at, min(step, start + length - at))


def _block(file: IO[bytes], at: int, length: int) -> "array[int]":
    words = array("q")
    file.seek(at * words.itemsize)
    words.frombytes(file.read(length * words.itemsize))
    return words
