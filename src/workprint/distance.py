"""The slow, plain references that every fast index is tested against."""


def hamming(ours: bytes, theirs: bytes) -> int:
    """Number of bits in which two hashes of equal length differ.

    Raises:
        ValueError: the lengths differ.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"hashes of {len(ours)} and {len(theirs)} bytes have no distance")
    return (int.from_bytes(ours, "big") ^ int.from_bytes(theirs, "big")).bit_count()


def jaccard(ours: frozenset[int], theirs: frozenset[int]) -> float:
    """Share of tokens that two sets have in common, 0 to 1.

    Raises:
        ValueError: both sets are empty; two things of which nothing is known are not alike.
    """
    if not ours and not theirs:
        raise ValueError("two empty sets have no similarity")
    return len(ours & theirs) / len(ours | theirs)
