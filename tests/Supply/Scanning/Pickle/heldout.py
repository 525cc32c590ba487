"""Files that were not looked at while the rules were written: every estimator of scikit-learn that fits with its defaults, other objects of the
libraries, and calls of functions taken by chance from the whole standard library in every way that a pickle can call."""
import importlib, inspect, io, os, pickle, pkgutil, random, sys, warnings
warnings.filterwarnings("ignore")
out = sys.argv[1]
import numpy as np, pandas as pd, torch
from sklearn.utils import all_estimators
rng, chance = np.random.RandomState(7), random.Random(7)
X, y = rng.rand(60, 4) + 0.1, rng.randint(0, 2, 60)
def put(name, value, protocol=4):
    with open(os.path.join(out, name), "wb") as f: pickle.dump(value, f, protocol)
count = 0
for name, kind in all_estimators():
    if name in ("GaussianProcessClassifier", "MLPClassifier", "HistGradientBoostingClassifier", "GradientBoostingClassifier", "RandomForestClassifier", "LogisticRegression", "SVC", "PCA", "KMeans"): continue
    try: model = kind().fit(X, y)
    except Exception: continue
    put(f"benign_{name}.pkl", model, count % 4 + 2); count += 1
others = {
    "intervals": pd.Series(pd.interval_range(0, 3)), "periods": pd.Series(pd.period_range("2020", periods=2, freq="M")), "sparse": pd.Series(pd.arrays.SparseArray([0, 1])), "string": pd.Series(["a"], dtype="string"),
    "timedeltas": pd.Series(pd.to_timedelta([1, 2], unit="s")), "stamp": pd.Timestamp("2020"), "nat": [pd.NaT, pd.NA], "columns": pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])),
    "generator": np.random.default_rng(1), "record": np.rec.array([(1, "a")], dtype=[("x", "i4"), ("y", "U2")]), "matrix": np.matrix([[1]]), "half": np.float16(1), "void": np.void(b"ab"), "poly": [np.int64(1), np.bool_(True), np.complex64(1)],
    "gru": torch.nn.GRU(2, 3).state_dict(), "size": torch.Size([1, 2]), "dtype": [torch.float16, torch.device("cpu")],
}
for name, value in others.items():
    for protocol in range(6): put(f"benign_{name}_{protocol}.pkl", value, protocol)
for i, module in enumerate([torch.nn.MultiheadAttention(4, 2), torch.nn.Conv1d(1, 2, 3), torch.nn.GroupNorm(1, 2), torch.nn.ModuleList([torch.nn.Bilinear(1, 2, 3)]), torch.nn.ParameterList([torch.nn.Parameter(torch.ones(1))]), torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1)]):
    torch.save(module, os.path.join(out, f"benign_torch_{i}.pt"))

names = []
for module in sorted(m.name for m in pkgutil.iter_modules() if not m.name.startswith("_") and m.name in sys.stdlib_module_names):
    if module in ("antigravity", "this", "idlelib", "turtledemo", "test", "tkinter", "turtle", "lib2to3"): continue
    try: loaded = importlib.import_module(module)
    except BaseException: continue
    names += [(module, n) for n, v in inspect.getmembers(loaded) if (inspect.isfunction(v) or inspect.isclass(v)) and getattr(v, "__module__", "") == module]
harmless = {("collections", "OrderedDict"), ("collections", "Counter"), ("decimal", "Decimal"), ("fractions", "Fraction"), ("uuid", "UUID"), ("datetime", "date"), ("datetime", "datetime"), ("datetime", "time"), ("datetime", "timedelta"), ("datetime", "timezone"), ("pathlib", "Path"), ("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("pathlib", "PureWindowsPath"), ("pathlib", "WindowsPath")}
names = sorted(set(names) - harmless)
def short(t): return b"\x8c" + bytes([len(t)]) + t.encode()
def text(t): return b"X" + len(t).to_bytes(4, "little") + t.encode()
ways = [
    lambda m, n: b"c%s\n%s\n(S'x'\ntR." % (m, n), lambda m, n: b"(S'x'\ni%s\n%s\n." % (m, n), lambda m, n: b"\x80\x02(c%s\n%s\nU\x01xo." % (m, n), lambda m, n: b"\x80\x02c%s\n%s\nU\x01x\x85\x81." % (m, n),
    lambda m, n: b"\x80\x04" + short(m.decode()) + short(n.decode()) + b"\x93\x8c\x01x\x85R.", lambda m, n: b"\x80\x04" + short(n.decode()) + b"\x940" + short(m.decode()) + b"h\0\x93\x8c\x01x\x85R0N.",
    lambda m, n: b"\x80\x05]\x94(K\x01" + text(m.decode()) + text(n.decode()) + b"\x93)}\x92e.", lambda m, n: b"\x80\x04ccollections\nOrderedDict\n)R(\x8c\x01ac%s\n%s\n\x8c\x01x\x85Ru." % (m, n),
    lambda m, n: b"\x80\x04ccollections\ndefaultdict\nc%s\n%s\n\x85R." % (m, n), lambda m, n: b"\x80\x04c%s\n%s\n}b." % (m, n),
]
for i, (module, name) in enumerate(chance.sample(names, min(1500, len(names)))):
    with open(os.path.join(out, f"hostile_{i}.bin"), "wb") as f: f.write(ways[i % len(ways)](module.encode(), name.encode()))
