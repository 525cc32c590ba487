"""Writes ordinary files of Python's libraries into the folder given, one for each kind of object that people save."""
import collections, datetime, decimal, fractions, os, pickle, sys, uuid, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd, joblib, torch
import scipy.sparse as sp
from sklearn import *
from sklearn import linear_model, ensemble, svm, tree, neighbors, naive_bayes, cluster, decomposition, preprocessing, pipeline, compose, impute, neural_network, gaussian_process, feature_extraction, isotonic, calibration, dummy, discriminant_analysis, mixture, multiclass, feature_selection, model_selection

out = sys.argv[1]
rng = np.random.RandomState(0)
X, y = rng.rand(120, 4), rng.randint(0, 3, 120)

def at(name): return os.path.join(out, name)

plain = {
    "numbers": [1, -1, 255, 65536, 2**31, -2**40, 2**100, -2**200, 1.5, float("inf"), True, False, None],
    "texts": ["a", "ünïcode", "x" * 300, "line\nbreak", "back\\slash", "", b"bytes", b"x" * 300, bytearray(b"ab")],
    "containers": {"l": [[]], "t": ((), (1,), (1, 2, 3, 4)), "s": {1, 2}, "f": frozenset([3]), "d": {1: {2: {}}}},
    "collections": [collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.deque([1], 3), collections.Counter("aab")],
    "times": [datetime.datetime(2020, 1, 2, 3), datetime.date(2020, 1, 1), datetime.timedelta(1), datetime.timezone.utc],
    "others": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5), complex(1, 2), range(3), slice(1, 2)],
    "long_list": list(range(5000)), "many_texts": ["n%d" % (i % 700) for i in range(3000)], "big_bytes": [b"a" * 200000, b"b" * 70000],
    "array": np.arange(12.0).reshape(3, 4), "arrays": {"a": np.zeros(3, "i2"), "b": np.array(["x", "yy"]), "c": np.asfortranarray(np.eye(3)), "d": np.array([1, None, "x"], object), "e": np.datetime64("2020-01-01"), "f": np.float32(1)},
    "structured": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "masked": np.ma.array([1, 2], mask=[0, 1]),
    "types": [np.dtype(t) for t in ["?", "i1", "u1", ">i4", "f2", "g", "c8", "G", "O", "S3", "S", ">U2", "V3", "V", "M8", "m8[25us]"]], "metadata": [np.dtype("O", metadata={"vlen": str}), np.dtype("i4", metadata={"a": 1})],
    "records": [np.zeros(2, [("a", "O"), ("b", "i4", (2, 2)), ("c", [("d", "S2"), ("e", "O", (2,))])]), np.zeros(1, np.dtype([("a", "i1"), ("b", "f8")], align=True)), np.zeros(1, [("c%d" % i, "f4") for i in range(300)]), np.zeros(1, [])],
    "record_views": (lambda a: [a, a.view(np.recarray), a[0], a.view(np.recarray)[0], a["a"]])(np.zeros(2, [("a", "i4"), ("b", "U3")])), "to_records": pd.DataFrame({"a": [1], "b": ["x"]}).to_records(), "masked_two": [np.ma.array([1]), np.ma.array([2.0])],
    "random_state": rng, "sparse": [sp.csr_matrix(np.eye(3)), sp.csc_matrix(np.eye(3)), sp.coo_matrix(np.eye(3))],
    "frame": pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.to_datetime(["2020", "2021"]), "d": pd.Categorical(["p", "q"]), "e": [True, False], "f": pd.array([1, None], dtype="Int64")}),
    "series": pd.Series([1.0, 2.0], index=pd.Index(["a", "b"], name="k")), "multi": pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)])),
    "dates": pd.DataFrame({"v": range(3)}, index=pd.date_range("2020", periods=3)), "zoned": pd.Series(pd.date_range("2020", periods=2, tz="UTC")),
}
loop = []; loop.append(loop); plain["loop"] = loop
pair = ([],); pair[0].append(pair); plain["loop_in_tuple"] = pair
for name, value in plain.items():
    for protocol in range(6):
        with open(at(f"plain_{name}_{protocol}.pkl"), "wb") as f: pickle.dump(value, f, protocol)
with open(at("two.pkl"), "wb") as f: pickle.dump(1, f); pickle.dump([2], f)

models = {
    "logistic": linear_model.LogisticRegression(), "ridge": linear_model.Ridge(), "sgd": linear_model.SGDClassifier(), "svc": svm.SVC(probability=True),
    "tree": tree.DecisionTreeClassifier(), "forest": ensemble.RandomForestClassifier(5), "boosting": ensemble.GradientBoostingClassifier(n_estimators=3),
    "hist": ensemble.HistGradientBoostingClassifier(max_iter=3), "knn": neighbors.KNeighborsClassifier(), "bayes": naive_bayes.GaussianNB(),
    "kmeans": cluster.KMeans(3, n_init=1), "pca": decomposition.PCA(2), "mlp": neural_network.MLPClassifier((4,), max_iter=5), "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
    "gp": gaussian_process.GaussianProcessClassifier(), "mixture": mixture.GaussianMixture(2), "isolation": ensemble.IsolationForest(n_estimators=3), "ovr": multiclass.OneVsRestClassifier(svm.LinearSVC()),
    "calibrated": calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2), "dummy": dummy.DummyClassifier(), "stack": ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier())]),
    "grid": model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}, cv=2),
    "pipeline": pipeline.make_pipeline(compose.ColumnTransformer([("s", preprocessing.StandardScaler(), [0, 1]), ("m", impute.SimpleImputer(), [2, 3])]), preprocessing.FunctionTransformer(np.exp), feature_selection.SelectKBest(k=2), linear_model.LogisticRegression()),
}
for name, model in models.items():
    model.fit(X, y)
    with open(at(f"sklearn_{name}.pkl"), "wb") as f: pickle.dump(model, f)
with open(at("sklearn_text.pkl"), "wb") as f: pickle.dump(feature_extraction.text.TfidfVectorizer().fit(["a bc d", "bc ee"]), f)

np.save(at("plain.npy"), np.eye(3)); np.save(at("object.npy"), np.array([1, "a", None], object), allow_pickle=True)
np.save(at("structured.npy"), plain["structured"]); np.save(at("empty.npy"), np.zeros((0, 3))); np.save(at("scalar.npy"), np.float64(3)); np.save(at("text.npy"), np.array(["ä", "b"])); np.save(at("bool.npy"), np.array([True]))
np.save(at("fortran.npy"), np.asfortranarray(np.ones((2, 3), ">f4"))); np.save(at("times.npy"), np.array(["2020-01-01"], "datetime64[D]"))
np.savez(at("stored.npz"), a=np.eye(2), b=np.arange(3)); np.savez_compressed(at("deflated.npz"), a=np.eye(50))

net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4, 2))
saves = {"state": net.state_dict(), "module": net, "tensor": torch.eye(3), "tensors": {"h": torch.ones(2).half(), "b": torch.ones(2).bfloat16(), "i": torch.arange(3), "q": torch.tensor([True]), "c": torch.ones(2, dtype=torch.complex64), "v": torch.eye(4)[1:, :2], "e": torch.zeros(0)},
    "checkpoint": {"epoch": 3, "model": net.state_dict(), "optimizer": torch.optim.Adam(net.parameters()).state_dict(), "loss": 0.5}, "parameter": torch.nn.Parameter(torch.ones(2)), "shared": (lambda t: [t, t.view(-1)])(torch.ones(4)),
    "lstm": torch.nn.LSTM(3, 4), "transformer": torch.nn.TransformerEncoderLayer(8, 2, 16), "embedding": torch.nn.Embedding(5, 3).state_dict(), "sparse": torch.eye(3).to_sparse()}
for name, value in saves.items():
    torch.save(value, at(f"torch_{name}.pt")); torch.save(value, at(f"torch_legacy_{name}.pt"), _use_new_zipfile_serialization=False)
