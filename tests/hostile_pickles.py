"""Pickles that once crashed the reader of codebooks, took gigabytes, hung it or ran their code."""

from __future__ import annotations

import pickle

import numpy as np

_ARRAY = pickle.dumps(np.zeros((2, 8), np.float64), 2)

_TWICE = b"2\x86" * 40  # a value, and a tuple of it twice, and a tuple of that twice, …
_LISTS = b"".join(b"]q%c" % i for i in range(40)) + b"".join(
    b"h%c(h%ch%ce" % (i, i - 1, i - 1) for i in range(39, 0, -1)
)  # lists of lists, of which each is filled after it was put into another

# Values without end of less than 300 bytes: whoever hashes, compares or tells them takes ages.
ENDLESS = {
    "a type without end": b"cnumpy\ndtype\n)" + _TWICE + b"\x85R.",
    "a codec without end": b"c_codecs\nencode\n(Va\n)" + _TWICE + b"tR.",
    "a text without end": b"c_codecs\nencode\n)" + _TWICE + b"\x85R.",
    "a shape without end": b"cnumpy.core.multiarray\n_reconstruct\n)R(I1\n)" + _TWICE + b"NNNtb.",
    "an order without end": b"cnumpy.core.numeric\n_frombuffer\n(NNN)" + _TWICE + b"tR.",
    "tuples without end": b")" + _TWICE + b".",
    "lists without end": _LISTS + b"h\x27.",
}
_MANY = b"c_codecs\nencode\nq\x00" + pickle.dumps("a" * 100_000, 2)[2:-1] + b"q\x01]("
MANY_TEXTS = _MANY + b"h\x00h\x01\x85R" * 10_000 + b"e."  # a gigabyte
TOO_MANY = b"N" * (1 << 21) + b"."

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
    "more than its shape": pickle.dumps(np.zeros((2, 8)), 2).replace(b"K\x08", b"K\x07"),
    "less than its shape": pickle.dumps(np.zeros((2, 8)), 2).replace(b"K\x08", b"K\x09"),
    "a shape of one number": _ARRAY.replace(b"K\x02K\x08\x86", b"K\x10"),
    "the bytes of a text": pickle.dumps("abc"),
    **ENDLESS,
    "a text many times": MANY_TEXTS,
    "more opcodes than arrays need": TOO_MANY,
}
OBJECTS = _ARRAY.replace(b"f8", b"O8")
MANY_TIMES = pickle.dumps([np.ones((100, 8), np.float32)] * 1000)
REFUSED = {**NO_ARRAYS, "objects": OBJECTS, "one array many times": MANY_TIMES}

# What its type's state says, that its bytes are pointers, is left unheard: it is read as floats
STATED_POINTERS = _ARRAY.replace(
    b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00", b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3f"
)
