"""Pickles that once crashed the reader of codebooks, took gigabytes, hung it or ran their code."""

from __future__ import annotations

import pickle

import numpy as np

_ARRAY = pickle.dumps(np.zeros((2, 8), np.float64), 2)

NO_ARRAYS = {
    "a shape alone": b"cnumpy\nndarray\n(I1073741824\ntR.",
    "pointers": b"cnumpy\ndtype\n(VO8\nI0\nI1\ntR(I3\nV|\nNNNI-1\nI-1\nI63\ntb.",
    "a circle": b"]q\x00(h\x00h\x00e.",
    "a far memo": b"\x80\x02Nr\xff\xff\xff\x3f.",
    "a changed function": b"c_codecs\nencode\n(I1\ntb.",
    "a function": b"c_codecs\nencode\n.",
    "code": b"cbuiltins\neval\n(S'1'\ntR.",
    "more than there is": b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.",
    "empty": b"",
}
OBJECTS = _ARRAY.replace(b"f8", b"O8")
MANY_TIMES = pickle.dumps([np.ones((100, 8), np.float32)] * 1000)
REFUSED = {**NO_ARRAYS, "objects": OBJECTS, "one array many times": MANY_TIMES}

# What its type's state says, that its bytes are pointers, is left unheard: it is read as floats
STATED_POINTERS = _ARRAY.replace(
    b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00", b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3f"
)
