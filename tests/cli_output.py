"""What commands print."""


def without_progress(stderr: str) -> str:
    """Standard error without the lines that a run writes every ten seconds, as it does on a busy machine."""
    return "".join(line for line in stderr.splitlines(keepends=True) if " shards, " not in line)
