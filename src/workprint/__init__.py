"""Workprint: are these works in this training dataset, and was that permitted?"""

__version__ = "0.1.0"
