"""Archives made by other makers than those whose code the scanner reads them with: pass_* must pass, block_* must be blocked for what is inside or because
the form is refused."""
import gzip, os, subprocess, sys, zipfile
import lz4.frame

out = sys.argv[1]
PICKLE = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
text = b"".join(b"line %d of a text that compresses\n" % i for i in range(20_000))
path = lambda name: os.path.join(out, name)


def put(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


# lz4: the Python library and the command, with every choice of the frame's header
for what, data in (("pass", text), ("block", PICKLE), ("block_long", text + b"\0" + PICKLE)):
    for i, options in enumerate([{}, {"content_checksum": True}, {"block_checksum": True}, {"block_linked": False}, {"store_size": False}, {"block_size": lz4.frame.BLOCKSIZE_MAX64KB}, {"compression_level": 12}]):
        put(f"{what}_python_{i}.lz4", lz4.frame.compress(data, **options))
    put("raw", data)
    for i, options in enumerate([[], ["-9"], ["-B4", "-BD"], ["-BX"], ["--no-frame-crc"], ["--content-size"]]):
        subprocess.run(["lz4", "-q", "-f", *options, path("raw"), path(f"{what}_command_{i}.lz4")], check=True)
put("block_two_frames.lz4", lz4.frame.compress(text) + lz4.frame.compress(PICKLE))
put("block_skippable.lz4", b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + lz4.frame.compress(text))
put("block_tail.lz4", lz4.frame.compress(text) + PICKLE)
changed = bytearray(lz4.frame.compress(text, content_checksum=True))
changed[-1] ^= 1
put("block_checksum.lz4", bytes(changed))
subprocess.run(["lz4", "-q", "-f", "-l", path("raw"), path("block_legacy.lz4")], check=True)

# zip64, as Python writes it when it cannot know the size before
for what, data in (("pass", text), ("block", PICKLE)):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(path(f"{what}_zip64_{method}.zip"), "w", method) as z:
            with z.open("a.txt", "w", force_zip64=True) as f:
                f.write(data)
            z.writestr("b.txt", "b")
with open(path("pass_zip64_stream.zip"), "wb") as raw:
    class Pipe:
        write = staticmethod(raw.write)
        flush = staticmethod(raw.flush)
    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as z:
        with z.open("a.txt", "w", force_zip64=True) as f:
            f.write(text)

# 7-Zip: its own format is refused, and what it makes of the others is read
for what, data in (("pass", text), ("block", PICKLE)):
    put("a.txt", data)
    for kind in ("zip", "tar", "gzip", "bzip2", "xz"):
        subprocess.run(["7z", "a", "-bso0", "-bsp0", f"-t{kind}", path(f"{what}_7z_{kind}.bin"), path("a.txt")], check=True)
    subprocess.run(["7z", "a", "-bso0", "-bsp0", "-tzip", "-mx=9", path(f"{what}_7z_zip9.bin"), path("a.txt")], check=True)
put("a.txt", text)
for i, options in enumerate([["-t7z"], ["-t7z", "-m0=Copy"], ["-t7z", "-psecret", "-mhe=on"], ["-tzip", "-psecret"], ["-tzip", "-mm=BZip2"], ["-tzip", "-mm=LZMA"], ["-tzip", "-mm=Deflate64"]]):
    subprocess.run(["7z", "a", "-bso0", "-bsp0", *options, path(f"block_7z_{i}.bin"), path("a.txt")], check=True)
os.remove(path("a.txt"))
os.remove(path("raw"))

# what is two things at once, behind more than 4 KiB and inside compressed content
filler = b"S'" + b"x" * 6000 + b"'\n0"
put("block_deep_text.gz", gzip.compress(filler + b"cos\nsystem\n(S'id'\ntR."))
put("block_deep_binary.gz", gzip.compress(b"\x80\x04" + b"X" + (9000).to_bytes(4, "little") + b"y" * 9000 + b"0" + PICKLE[2:]))
put("block_deep_archive.gz", gzip.compress(text + b"\0" * 10 + b"PK\5\6" + bytes(18)))
put("block_deep_notext.gz", gzip.compress(b"a" * 5000 + b"\0" + PICKLE))
put("pass_deep_text.gz", gzip.compress(b"The model card of a model.\n" * 1000))
