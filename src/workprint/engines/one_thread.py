"""Importing this, before NumPy, keeps linear algebra in a process to one thread.

There is a worker process for each core already: with threads of their own beside that, two workers on two cores took
twice as long as one (52 s against 26 s for 8,400 photographs), because idle threads wait by spinning.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
