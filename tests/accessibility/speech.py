"""Reads texts aloud, without sound: for each line of the input, a text in JSON, how many seconds it takes and its phonemes.

The argument is the folder of the library espeak-ng and its data. Phonemes are those that `espeak-ng -q -x` prints, the seconds
those of the WAV that `espeak-ng -w` writes, both with the default voice, rate and punctuation.
"""

import ctypes
import json
import sys
from pathlib import Path

# From speak_lib.h: the output mode in which the callback gets every sample before the call returns, and the encoding.
SYNCHRONOUS, UTF8 = 2, 1

folder = Path(sys.argv[1])
library = ctypes.CDLL(str(folder / "libespeak-ng.so"))
rate = library.espeak_Initialize(SYNCHRONOUS, 0, str(folder / "espeak-ng-data").encode(), 0)
assert rate > 0, "espeak-ng cannot begin"
assert library.espeak_SetVoiceByName(b"en") == 0, "the voice is missing"
library.espeak_TextToPhonemes.restype = ctypes.c_char_p
samples = 0


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
def heard(_wave, count, _events):
    global samples
    samples += count
    return 0


library.espeak_SetSynthCallback(heard)


def seconds(text):
    global samples
    samples = 0
    data = text.encode()
    size = ctypes.c_size_t(len(data) + 1)
    assert library.espeak_Synth(data, size, 0, 0, 0, UTF8, None, None) == 0, "espeak-ng refuses a text"
    return samples / rate


def phonemes(text):
    data = ctypes.create_string_buffer(text.encode())
    rest = ctypes.c_void_p(ctypes.addressof(data))
    out = []
    while rest.value:
        out.append(library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, 0).decode())
    return " ".join(out)


for line in sys.stdin:
    text = json.loads(line)
    print(json.dumps([seconds(text), phonemes(text)]))
