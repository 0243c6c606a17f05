"""What the value model reads of a text, exactly as `Shared/Inspection/Models/ValueModel.swift` does.

A text is folded to a stream of symbols: letters in lower case, runs of digits as one `0`, runs of white space and
control bytes as one space, runs of bytes above 0x7f as one 0x80, between a start (0x01) and an end (0x02). Each
position of the stream contributes hashed features that end there:

- n-grams of 3, 4 and 5 symbols;
- n-grams of 3 to 6 symbols of the shape, in which a run of letters is one `a` (it counts where the run begins);
- behind a run of letters: the word, the word with the symbol before it, the word with the symbol behind it.

A window is two neighbouring blocks of 32 positions (a text of one block is one window). Its features count
1/sqrt(positions).
"""

import numpy as np
import scipy.sparse as sparse

BITS = 16
BLOCK = 32
START, END = 1, 2
MAXIMUM_WORD = 16
MAXIMUM_TEXT = 512

RAW = {3: np.uint64(0x9E3779B97F4A7C15), 4: np.uint64(0xC2B2AE3D27D4EB4F), 5: np.uint64(0x165667B19E3779F9)}
SHAPE = {
    3: np.uint64(0xD6E8FEB86659FD93),
    4: np.uint64(0xA0761D6478BD642F),
    5: np.uint64(0xE7037ED1A0B428DB),
    6: np.uint64(0x8EBC6AF09C88C6E3),
}
WORD = [np.uint64(0x589965CC75374CC3), np.uint64(0x1D8E4E27C47D124F), np.uint64(0xEB44ACCAB455D165)]
WORD_STEP = np.uint64(0x100000001B3)


def fold_table():
    table = np.arange(256, dtype=np.uint8)
    table[0:0x21] = 0x20
    table[0x7F] = 0x20
    table[0x30:0x3A] = 0x30
    table[0x41:0x5B] += 0x20
    table[0x80:] = 0x80
    return table


FOLD = fold_table()
RUNS = np.isin(np.arange(256), [0x20, 0x30, 0x80])


def fold(text):
    """The stream of one text."""
    symbols = FOLD[np.frombuffer(text[:MAXIMUM_TEXT], dtype=np.uint8)]
    if len(symbols) > 1:
        keep = np.ones(len(symbols), dtype=bool)
        keep[1:] = (symbols[1:] != symbols[:-1]) | ~RUNS[symbols[1:]]
        symbols = symbols[keep]
    return bytes([START]) + symbols.tobytes() + bytes([END])


def _bucket(hashes):
    return (hashes >> np.uint64(64 - BITS)).astype(np.int32)


def _grams(symbols, first, size, factor):
    """Buckets of the n-grams that end at each index, -1 where the text has not begun long enough ago."""
    count = len(symbols)
    key = np.zeros(count, dtype=np.uint64)
    for back in range(size):
        shifted = np.zeros(count, dtype=np.uint64)
        shifted[back:] = symbols[: max(0, count - back)]
        key |= shifted << np.uint64(8 * back)
    with np.errstate(over="ignore"):
        buckets = _bucket(key * factor)
    buckets[np.arange(count) - first < size - 1] = -1
    return buckets


def _words(stream, owner):
    """(position behind the run, bucket) of each run of letters."""
    letter = (stream >= 0x61) & (stream <= 0x7A)
    previous = np.zeros_like(letter)
    previous[1:] = letter[:-1]
    starts = np.flatnonzero(letter & ~previous)
    ends = np.flatnonzero(~letter & previous)
    lengths = ends - starts
    keep = lengths >= 2
    starts, ends, lengths = starts[keep], ends[keep], lengths[keep]
    hashes = np.zeros(len(starts), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(MAXIMUM_WORD):
            inside = lengths > offset
            hashes[inside] = (hashes[inside] ^ stream[starts[inside] + offset].astype(np.uint64)) * WORD_STEP
        before = stream[starts - 1].astype(np.uint64)
        behind = stream[ends].astype(np.uint64)
        keys = [
            hashes * WORD[0],
            (hashes ^ (before << np.uint64(56))) * WORD[1],
            (hashes ^ (behind << np.uint64(56))) * WORD[2],
        ]
    return [(ends, _bucket(key)) for key in keys]


def contributions(streams):
    """All features of all streams: (position in the concatenation, bucket); and where each stream begins."""
    lengths = np.array([len(stream) for stream in streams], dtype=np.int64)
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    stream = np.frombuffer(b"".join(streams), dtype=np.uint8)
    owner = np.repeat(np.arange(len(streams)), lengths)
    first = begins[owner]
    positions, buckets = [], []

    def take(where, bucket):
        valid = bucket >= 0
        positions.append(where[valid])
        buckets.append(bucket[valid])

    everywhere = np.arange(len(stream))
    for size, factor in RAW.items():
        take(everywhere, _grams(stream, first, size, factor))
    letter = (stream >= 0x61) & (stream <= 0x7A)
    continues = np.zeros_like(letter)
    continues[1:] = letter[1:] & letter[:-1]
    shape_at = np.flatnonzero(~continues)
    shape = np.where(letter[shape_at], 0x61, stream[shape_at]).astype(np.uint8)
    shape_first = np.searchsorted(shape_at, first[shape_at])
    for size, factor in SHAPE.items():
        take(shape_at, _grams(shape, shape_first, size, factor))
    for where, bucket in _words(stream, owner):
        take(where, bucket)
    return np.concatenate(positions), np.concatenate(buckets), begins, lengths


def windows(streams):
    """A sparse row for each window of each stream, and whose it is."""
    positions, buckets, begins, lengths = contributions(streams)
    blocks = (lengths + BLOCK - 1) // BLOCK
    rows_of = np.maximum(blocks - 1, 1)
    row_begin = np.concatenate([[0], np.cumsum(rows_of)[:-1]])
    owner = np.repeat(np.arange(len(streams)), rows_of)
    within = np.arange(len(owner)) - row_begin[owner]
    size = np.minimum(lengths[owner] - within * BLOCK, 2 * BLOCK)

    text = np.searchsorted(begins, positions, side="right") - 1
    block = (positions - begins[text]) // BLOCK
    # A block is the first half of one window and the second half of the one before.
    rows, columns = [], []
    for window in (block, block - 1):
        inside = (window >= 0) & (window < rows_of[text])
        rows.append(row_begin[text[inside]] + window[inside])
        columns.append(buckets[inside])
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    values = (1 / np.sqrt(size))[rows].astype(np.float32)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(owner), 1 << BITS), dtype=np.float32)
    matrix.sum_duplicates()
    return matrix, owner
