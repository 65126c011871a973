# SPDX-License-Identifier: Apache-2.0
"""libduplex for Python, by ctypes: join(a, b) hands two connected sockets to the engine, which moves their bytes.

The library is looked for at $DUPLEX_LIBRARY, then where the build leaves it.
"""
import ctypes
import os
import pathlib

_here = pathlib.Path(__file__).resolve().parent
_library = ctypes.CDLL(os.environ.get("DUPLEX_LIBRARY", _here.parents[2] / "target/native/libduplex.so"))
_id = ctypes.c_uint64
_library.dx_engine_open.argtypes = [ctypes.c_void_p, ctypes.POINTER(_id)]
_library.dx_adopt.argtypes = [_id, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(_id)]
_library.dx_join_wait.argtypes = [_id, _id, ctypes.c_void_p, ctypes.POINTER(_id)]
_library.dx_close_wait.argtypes = [_id, ctypes.c_uint32, ctypes.c_uint32]
_engine = _id()


def _call(function, *arguments):
    result = function(*arguments)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def _adopt(socket, unread):
    """Take a socket over; the Python object is detached, and of no more use."""
    if not _engine.value:
        _call(_library.dx_engine_open, None, ctypes.byref(_engine))
    managed = _id()
    _call(_library.dx_adopt, _engine, socket.fileno(), unread, len(unread), ctypes.byref(managed))
    socket.detach()
    return managed


def join(a, b, unread_of_a=b"", unread_of_b=b""):
    """Join two connected stream sockets; bytes that were read from them and not used go first."""
    managed, join_id = [], _id()
    try:
        managed.append(_adopt(a, unread_of_a))
        managed.append(_adopt(b, unread_of_b))
        _call(_library.dx_join_wait, managed[0], managed[1], None, ctypes.byref(join_id))
    except OSError:
        for socket in managed:
            _library.dx_close_wait(socket, 1, 0)
        raise
    return join_id.value
