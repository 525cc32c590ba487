"""Writes archives and compressed files, harmless and hostile, into the folder given. The first part of a name says what must come of it."""
import bz2, gzip, io, lzma, os, pickle, struct, sys, tarfile, warnings, zipfile, zlib
warnings.filterwarnings("ignore")
import numpy as np, joblib
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import pandas as pd
out = sys.argv[1]
def at(name): return os.path.join(out, name)
def put(name, data):
    with open(at(name), "wb") as f: f.write(data)

class Evil:
    def __reduce__(self): return os.system, ("true",)
good, bad = pickle.dumps([1, "a"]), pickle.dumps([Evil()])
rng = np.random.RandomState(0)
values = {
    "dtypes": {t: np.ones((3, 5), t) for t in ["i1", "<u2", ">i4", "f2", "f4", ">f8", "c16", "?", "S7", "U5", "M8[s]", "m8[D]"]},
    "forms": [np.asfortranarray(rng.rand(5, 7)), np.zeros((0, 4)), np.array(3.0), np.arange(10)[::2], np.zeros(0)],
    "objects": [np.array([1, "a", None], object), rng.rand(3)], "records": np.array([(1, 2.0), (3, 4.0)], [("a", "i4"), ("b", "f8")]),
    "forest": make_pipeline(StandardScaler(), RandomForestClassifier(4)).fit(rng.rand(50, 3), rng.randint(0, 2, 50)), "big": rng.rand(700, 700), "frame": pd.DataFrame({"a": rng.rand(20), "b": list("xy") * 10}),
}
for name, value in values.items():
    joblib.dump(value, at(f"pass_{name}.joblib"))
    for kind in ["zlib", "gzip", "bz2", "xz", "lzma"]:
        joblib.dump(value, at(f"pass_{name}_{kind}.joblib"), compress=(kind, 3))
for kind in [0, "zlib", "gzip", "bz2", "xz", "lzma"]:
    joblib.dump([np.eye(3), Evil()], at(f"block_after_array_{kind}.joblib"), compress=kind and (kind, 3))
    joblib.dump([Evil(), np.eye(3)], at(f"block_before_array_{kind}.joblib"), compress=kind and (kind, 3))
joblib.dump([np.array([Evil()], object)], at("block_in_object_array.joblib"))
# Numbers to joblib, a call to the plain unpickler.
joblib.dump(np.frombuffer(b"cos\nsystem\n(S'true'\ntR0N." + b"\0" * 6, "u1"), at("block_two_readings.joblib"))
np.save(at("block_object.npy"), np.array([Evil()], object), allow_pickle=True)
np.savez(at("block_object.npz"), a=np.eye(2), b=np.array([Evil()], object))

import torch
torch.save({"w": torch.eye(2), "x": Evil()}, at("block_torch.pt")); torch.save({"w": torch.eye(2), "x": Evil()}, at("block_torch_legacy.pt"), _use_new_zipfile_serialization=False)
torch.jit.script(torch.nn.Linear(2, 2)).save(at("block_torchscript.pt"))
def rewrite(name, change, data=None):
    source = zipfile.ZipFile(io.BytesIO(data or open(at("pass_torch.pt"), "rb").read()))
    with zipfile.ZipFile(at(name), "w") as z:
        for entry in source.namelist():
            for n, d in change(entry, source.read(entry)): z.writestr(n, d)
torch.save({"w": torch.eye(2)}, at("pass_torch.pt"))
rewrite("pass_torch_rewritten.pt", lambda n, d: [(n, d)])
rewrite("block_torch_second_pickle.pt", lambda n, d: [(n, d)] + ([(n.replace("data.pkl", "extra.bin"), bad)] if n.endswith("data.pkl") else []))
rewrite("block_torch_short_storage.pt", lambda n, d: [(n, d[:-4] if "/data/" in n else d)])
rewrite("block_torch_no_storage.pt", lambda n, d: [] if n.endswith("/data/0") else [(n, d)])
rewrite("block_torch_stray_storage.pt", lambda n, d: [(n, d)] + ([(n + "9", bad)] if n.endswith("/data/0") else []))

put("pass.gz", gzip.compress(good)); put("pass.bz2", bz2.compress(good)); put("pass.xz", lzma.compress(good)); put("pass.lzma", lzma.compress(good, lzma.FORMAT_ALONE)); put("pass.zz", zlib.compress(good))
put("block.gz", gzip.compress(bad)); put("block.bz2", bz2.compress(bad)); put("block.xz", lzma.compress(bad)); put("block.lzma", lzma.compress(bad, lzma.FORMAT_ALONE)); put("block.zz", zlib.compress(bad))
put("block_gz_in_gz.gz", gzip.compress(gzip.compress(bad))); put("pass_gz_in_gz.gz", gzip.compress(gzip.compress(good)))
for kind, compress in [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zz", zlib.compress)]:
    put(f"block_trailing.{kind}", compress(good) + b"trailing"); put(f"block_two_members.{kind}", compress(good) + compress(bad)); put(f"block_cut.{kind}", compress(os.urandom(3000))[:-20])

def tar(name, entries, form=tarfile.PAX_FORMAT, tail=b""):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as t:
        for n, d, kind in entries:
            info = tarfile.TarInfo(n); info.size = len(d); info.type = kind; info.linkname = "x" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            t.addfile(info, io.BytesIO(d))
    put(name, buffer.getvalue() + tail)
F = tarfile.REGTYPE
long = "/".join(["folder" * 6] * 4) + "/model.pkl"
for form, number in [("ustar", tarfile.USTAR_FORMAT), ("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)]:
    tar(f"pass_{form}.tar", [("d", b"", tarfile.DIRTYPE), ("d/a.pkl", good, F)], number); tar(f"block_{form}.tar", [("a.pkl", good, F), ("b.pkl", bad, F)], number)
    tar(f"pass_long_{form}.tar", [(long, good, F)], number)
tar("block_link.tar", [("a", b"", tarfile.SYMTYPE)]); tar("block_hardlink.tar", [("a", b"", tarfile.LNKTYPE)]); tar("block_up.tar", [("../a", good, F)]); tar("block_absolute.tar", [("/a", good, F)])
tar("block_twice.tar", [("a", good, F), ("a", bad, F)]); tar("block_tail.tar", [("a", good, F)], tail=bad)
put("block_tar.tar.gz", gzip.compress(open(at("block_pax.tar"), "rb").read())); put("pass_tar.tar.gz", gzip.compress(open(at("pass_pax.tar"), "rb").read()))

def zipped(name, entries, change=lambda b: b, method=zipfile.ZIP_DEFLATED, **more):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as z:
        for n, d in entries: z.writestr(n, d)
        if "comment" in more: z.comment = more["comment"]
    put(name, change(buffer.getvalue()))
zipped("pass.zip", [("a.pkl", good), ("b/c.pkl", good)]); zipped("pass_stored.zip", [("a.pkl", good)], method=zipfile.ZIP_STORED); zipped("pass_empty.zip", [])
zipped("block.zip", [("a.pkl", good), ("b.txt", bad)]); zipped("block_bz2_method.zip", [("a.pkl", good)], method=zipfile.ZIP_BZIP2); zipped("block_comment.zip", [("a.pkl", good)], comment=b"hi")
zipped("block_tail.zip", [("a.pkl", good)], lambda b: b + b"x"); zipped("block_front.zip", [("a.pkl", good)], lambda b: bad + b)
zipped("block_up.zip", [("../a.pkl", good)]); zipped("block_absolute.zip", [("/a.pkl", good)]); zipped("block_case_twice.zip", [("a.pkl", good), ("A.pkl", good)])
zipped("block_encrypted_flag.zip", [("a.pkl", good)], lambda b: b.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\1\0").replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"))
zipped("block_one_flag.zip", [("a.pkl", good)], lambda b: b.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\1\0"))
zipped("block_other_name.zip", [("aa.pkl", good)], lambda b: b.replace(b"aa.pkl", b"ab.pkl", 1)); zipped("block_crc.zip", [("a.pkl", good)], lambda b: b.replace(good[2:-1], good[2:-2] + b"\x90"), zipfile.ZIP_STORED)
renamed = zipfile.ZipInfo("a.pkl"); renamed.extra = struct.pack("<HHBI", 0x7075, 10, 1, zlib.crc32(b"a.pkl")) + b"b.pkl"
zipped("block_unicode_name.zip", [(renamed, good)])
def gap(b):
    at_directory = b.index(b"PK\x01\x02"); end = b.index(b"PK\x05\x06")
    moved = bytearray(b[end:]); struct.pack_into("<I", moved, 16, at_directory + len(bad))
    return b[:at_directory] + bad + b[at_directory:end] + bytes(moved)
zipped("block_gap.zip", [("a.pkl", good)], gap)
put("block_bomb.gz", gzip.compress(b"\0" * (64 << 20)))
put("block_deep.gz", (lambda f, d, n: f(f, d, n))(lambda f, d, n: d if n == 0 else f(f, gzip.compress(d), n - 1), good, 12))
put("block_7z.bin", b"7z\xbc\xaf\x27\x1c" + bad); put("block_rar.bin", b"Rar!\x1a\x07\x00" + bad); put("block_zst.bin", b"\x28\xb5\x2f\xfd" + bad)
