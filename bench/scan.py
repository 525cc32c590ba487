"""Times 'merlon scan' as a user runs it, on files that are made here. What a scan of a few bytes takes (process and sandbox) is given and taken off."""
import os, pickle, pickletools, resource, shutil, subprocess, sys, tempfile, time
import torch

merlon = sys.argv[1]
folder = tempfile.mkdtemp(prefix="merlon-bench-")

def at(name):
    return os.path.join(folder, name)

def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

def scan(name, *options):
    """Best of three: seconds, and seconds of a processor in all processes that were waited for, which other work on the machine changes less."""
    best, least = None, None
    for _ in range(3):
        start, before = time.perf_counter(), cpu()
        done = subprocess.run([merlon, "scan", at(name), "--json", *options], capture_output=True)
        taken = time.perf_counter() - start
        assert done.returncode == 0, done.stdout.decode()[:400] + done.stderr.decode()[:400]
        used = cpu() - before
        best, least = taken if best is None else min(best, taken), used if least is None else min(least, used)
    return best, least

try:
    with open(at("small.pkl"), "wb") as f:
        pickle.dump([1], f)
    dense = [{"id": i, "n": "name%d" % (i % 5000), "v": [i % 256, i, (i, None, True)], "x": i * 0.5} for i in range(1_500_000)]
    with open(at("dense.pkl"), "wb") as f:
        pickle.dump(dense, f, 4)
    del dense
    torch.save({"w%d" % i: torch.randn(4096, 1024) for i in range(32)}, at("big.pt"))
    size = {name: os.path.getsize(at(name)) / 1e6 for name in ("dense.pkl", "big.pt")}

    for label, options in (("sandbox", ()), ("no sandbox", ("--no-sandbox",))):
        start, start_cpu = scan("small.pkl", *options)
        print(f"{label}: start {start:.2f} s")
        for name, what in (("dense.pkl", "opcode-dense pickle"), ("big.pt", "PyTorch zip")):
            taken, used = scan(name, *options)
            rate = f"{size[name] / max(taken - start, 0.001):7.0f} MB/s after the start"
            # The sandbox's runtime is not a child of ours, so only without it is all processor time seen.
            print(f"  {what:20} {size[name]:6.1f} MB  {taken:5.2f} s  {rate}" + (f", {size[name] / max(used - start_cpu, 0.001):7.0f} MB per second of a processor" if label == "no sandbox" else ""))
    began = time.perf_counter()
    with open(at("dense.pkl"), "rb") as f:
        count = sum(1 for _ in pickletools.genops(f))
    taken = time.perf_counter() - began
    print(f"pickletools of Python {sys.version.split()[0]}: {count} operations, {taken:.1f} s, {size['dense.pkl'] / taken:.1f} MB/s")
finally:
    shutil.rmtree(folder)
