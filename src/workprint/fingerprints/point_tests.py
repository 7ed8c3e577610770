"""The 128 binary tests of the point descriptor, chosen by measurement.

From 5,000 random pairs of places in a disc of radius 17 px, `benchmarks/learn_tests.py` took the 128 whose outcome
survives edits best (scaling, rotation, blur, noise, JPEG), is near to evenly split, and correlates least with those
already taken and with their mirror twins (greedy, as rBRIEF in Rublee et al. 2011). Changing them changes the recipe.
"""

import base64

import numpy as np
from numpy.typing import NDArray

RADIUS_PX = 17
"""No place is further from the point."""

_CODED = (
    "2lfB|3<ClF{|){A1Ni_01MvX-2@3=K1pN*M3it#41^ovG|N8y|_4oM%0s;j84hR4P4gLfC2@M1V`S<q?_VfDw@csJz`t$q-2lWO4"
    "|Na8~0{sX5`S$t&3JnML`3mv)3kV4M`~&+C0|^BD1rP-M_yqF){`&q62M+`H2>$~G1qT8I`vCk05dH@U0r3C_0|y594G9GI{R{l@"
    "3Iz!E2>lTI1ONyF`vm*>{`><A{0a2*_y6(v1_K2R4hI7X`Sb4p`1JM!2KEFD2Mi1V@d*701o#L3^Z@(&0R;dM^854*5CseL`U(8>"
    "1n>m;{rCCt1P=@K_yha+4+aeT0QCS7{`dU+3<3)J{`vg$_6Pd|`VaX42>T560R;j0@(A?(1@r;=1^fp24gv%a{qg+z0rLY7|NH+5"
    "_z3g@1o#3F01^B0^ZEJr0{02@0ty2J4gm`O5c>)82L%fT2?PiM2nPcV_6_s{_4)Aq2=M_A0rvjz`T+L=_x<|z0So{43;qrG^#=P6"
    "_Y3<93<(Yb1@a5^_5k<%_X76^@B#Gx5Csbe0tf{N{0aO82lfi{2?z}d0q_R(3;+-P^bGk92=@r_5BU%P`TqI=2M+}d3JeMd`t$nu"
    "1@i&)`Stkm^Y-@h@dfY!`w#dJ{S5vO@&@w>_X_w8"
)


def tests() -> NDArray[np.int8]:
    """Return (128, 4) of (u1, v1, u2, v2): u along the point's direction, v across it, in pixels of the level."""
    return np.frombuffer(base64.b85decode(_CODED), np.int8).reshape(128, 4)
