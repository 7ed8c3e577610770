"""Coverage-guided fuzzing of every parser of ours: `make fuzz SECONDS=60`, or `fuzz.py TARGET SECONDS` for one.

The corpus, and whatever makes a target fail, stay in `.fuzz/` beside the repository's files, which git does not follow.
"""

import os
import subprocess
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / ".fuzz"


def fuzz(name: str, seconds: int) -> None:
    """Run one target for a time; ends the process, with another code than 0 where something failed."""
    import atheris

    with atheris.instrument_imports(include=["workprint"]):
        from targets import one_input

    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-rss_limit_mb=3000", "-timeout=30", "-print_final_stats=1"]
    command = [sys.argv[0], *options, f"-artifact_prefix={KEPT}/{name}-", str(corpus)]
    atheris.Setup(command, lambda data: one_input(name, data))
    atheris.Fuzz()


def fuzz_all(seconds: str) -> int:
    """Run all targets one after the other, each in a process of its own; return how many failed."""
    from targets import TARGETS

    failed = 0
    for name in TARGETS:
        command = [sys.executable, __file__, name, seconds]
        environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}  # kernels in Python: seen by the fuzzer, and bounded
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        executed = [line.split()[-1] for line in run.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {'failed' if run.returncode else 'held'}, {''.join(executed) or 'no'} inputs", flush=True)
        if run.returncode:
            failed += 1
            print(run.stdout[-3000:] + run.stderr[-3000:], flush=True)
    return failed


if __name__ == "__main__":
    if len(sys.argv) == 3:
        fuzz(sys.argv[1], int(sys.argv[2]))
    else:
        sys.exit(min(1, fuzz_all(sys.argv[1])))
