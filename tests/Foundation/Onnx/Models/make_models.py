"""Makes the models that the tests run, with other people's tools: scikit-learn, PyTorch, numpy and onnx.

Each model gets a folder: model.onnx, weights beside it where it has any, and cases.json with inputs and the outputs that the original framework
computes for them. Run with Debian's python3 (python3-onnx, python3-sklearn, python3-torch):  make_models.py <folder> [name ...]
"""
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32", "bool": "BOOL", "object": "BYTES", "float16": "FP16", "uint8": "UINT8"}


def tensor(name, array):
    array = np.asarray(array)
    kind = "object" if array.dtype.kind in "OU" else str(array.dtype)
    return {"name": name, "type": TYPES[kind], "shape": list(array.shape), "data": array.reshape(-1).tolist()}


def save(folder, model, cases, external=False):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    if external:
        onnx.save_model(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location="weights.bin", size_threshold=0)
    elif model is not None:
        onnx.save_model(model, path)
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump([{"inputs": [tensor(*i) for i in ins], "outputs": [tensor(*o) for o in outs]} for ins, outs in cases], f)


def make(graph, ml=False, ir=8):
    opsets = [helper.make_opsetid("", 15)] + ([helper.make_opsetid("ai.onnx.ml", 2)] if ml else [])
    model = helper.make_model(graph, opset_imports=opsets, producer_name="tests")
    model.ir_version = ir
    onnx.checker.check_model(model)
    return model


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def forest(folder, zipmap=False):
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier

    x, y = make_classification(n_samples=600, n_features=12, n_informative=6, n_classes=3, random_state=5)
    x = x.astype(np.float32)
    rf = RandomForestClassifier(n_estimators=40, max_depth=7, random_state=5).fit(x, y)
    a = {k: [] for k in ("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
                         "class_treeids", "class_nodeids", "class_ids", "class_weights")}
    for t, estimator in enumerate(rf.estimators_):
        tree = estimator.tree_
        for n in range(tree.node_count):
            leaf = tree.children_left[n] < 0
            # scikit-learn compares a float32 feature with a float64 threshold: the largest float32 not above it decides the same way.
            threshold = np.float32(tree.threshold[n])
            if threshold > tree.threshold[n]:
                threshold = np.nextafter(threshold, np.float32(-np.inf))
            a["nodes_treeids"].append(t)
            a["nodes_nodeids"].append(n)
            a["nodes_featureids"].append(0 if leaf else int(tree.feature[n]))
            a["nodes_values"].append(0.0 if leaf else float(threshold))
            a["nodes_modes"].append("LEAF" if leaf else "BRANCH_LEQ")
            a["nodes_truenodeids"].append(0 if leaf else int(tree.children_left[n]))
            a["nodes_falsenodeids"].append(0 if leaf else int(tree.children_right[n]))
            if leaf:
                p = tree.value[n][0] / tree.value[n][0].sum() / len(rf.estimators_)
                for c in range(3):
                    a["class_treeids"].append(t)
                    a["class_nodeids"].append(n)
                    a["class_ids"].append(c)
                    a["class_weights"].append(float(p[c]))
    nodes = [helper.make_node("TreeEnsembleClassifier", ["x"], ["label", "probabilities"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2],
                              post_transform="NONE", **a)]
    outputs = [info("label", TensorProto.INT64, ["n"]), info("probabilities", TensorProto.FLOAT, ["n", 3])]
    if zipmap:
        nodes.append(helper.make_node("ZipMap", ["probabilities"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2]))
        maps = onnx.ValueInfoProto()
        maps.name = "maps"
        entry = maps.type.sequence_type.elem_type.map_type
        entry.key_type = TensorProto.INT64
        entry.value_type.tensor_type.elem_type = TensorProto.FLOAT
        outputs = [outputs[0], maps]
    graph = helper.make_graph(nodes, "forest", [info("x", TensorProto.FLOAT, ["n", 12])], outputs)
    cases = [([("x", x[i:j])], [("label", rf.predict(x[i:j]).astype(np.int64)), ("probabilities", rf.predict_proba(x[i:j]).astype(np.float32))])
             for i, j in ((0, 1), (10, 42))]
    save(folder, make(graph, ml=True), [] if zipmap else cases)


def dense(folder, external=False):
    from sklearn.neural_network import MLPRegressor

    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 8))
    mlp = MLPRegressor((32, 16), random_state=3, max_iter=60).fit(x, x[:, 0] * x[:, 1] + x[:, 2])
    nodes, weights, last = [], [], "x"
    for i, (w, b) in enumerate(zip(mlp.coefs_, mlp.intercepts_)):
        weights += [numpy_helper.from_array(w.astype(np.float32), f"w{i}"), numpy_helper.from_array(b.astype(np.float32), f"b{i}")]
        end = i == len(mlp.coefs_) - 1
        nodes.append(helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], ["y" if end else f"h{i}"]))
        if not end:
            nodes.append(helper.make_node("Relu", [f"h{i}"], [f"r{i}"]))
        last = f"r{i}"
    graph = helper.make_graph(nodes, "mlp", [info("x", TensorProto.FLOAT, ["n", 8])], [info("y", TensorProto.FLOAT, ["n", 1])], weights)
    cases = [([("x", x[:k].astype(np.float32))], [("y", mlp.predict(x[:k].astype(np.float32)).astype(np.float32).reshape(-1, 1))]) for k in (1, 17)]
    save(folder, make(graph), cases, external)


def torch_model(folder, module, inputs, dynamic):
    import torch

    os.makedirs(folder, exist_ok=True)
    module.eval()
    names = [name for name, _ in inputs]
    with torch.no_grad():
        expected = module(*[torch.from_numpy(value) for _, value in inputs]).numpy()
        torch.onnx.export(module, tuple(torch.from_numpy(value) for _, value in inputs), os.path.join(folder, "model.onnx"), input_names=names,
                          output_names=["y"], dynamic_axes=dynamic, opset_version=14)
    save(folder, None, [(inputs, [("y", expected)])])


def cnn(folder):
    import torch
    from torch import nn

    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10), nn.Softmax(1))
    x = np.random.default_rng(1).normal(size=(2, 3, 28, 28)).astype(np.float32)
    torch_model(folder, net, [("x", x)], {"x": {0: "n"}, "y": {0: "n"}})


def transformer(folder):
    import torch
    from torch import nn

    class Encoder(nn.Module):
        def __init__(self, width=32, heads=4):
            super().__init__()
            self.heads = heads
            self.embed = nn.Embedding(100, width)
            self.qkv = nn.Linear(width, 3 * width)
            self.out = nn.Linear(width, width)
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.feed = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))

        def forward(self, tokens):
            x = self.embed(tokens)
            b, t, w = x.shape
            q, k, v = (self.qkv(self.norm1(x)).reshape(b, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4))
            a = torch.softmax(q @ k.transpose(-1, -2) / (w // self.heads) ** 0.5, -1) @ v
            x = x + self.out(a.permute(0, 2, 1, 3).reshape(b, t, w))
            return x + self.feed(self.norm2(x))

    torch.manual_seed(2)
    tokens = np.random.default_rng(2).integers(0, 100, size=(2, 9)).astype(np.int64)
    torch_model(folder, Encoder(), [("tokens", tokens)], {"tokens": {0: "n", 1: "t"}, "y": {0: "n", 1: "t"}})


def strings(folder):
    vocabulary = ["red", "green", "blå", ""]
    encode = helper.make_node("LabelEncoder", ["colour"], ["code"], domain="ai.onnx.ml", keys_strings=vocabulary, values_int64s=[1, 2, 3, 4], default_int64=-1)
    echo = helper.make_node("Identity", ["colour"], ["echo"])
    graph = helper.make_graph([encode, echo], "strings", [info("colour", TensorProto.STRING, ["n"])],
                              [info("code", TensorProto.INT64, ["n"]), info("echo", TensorProto.STRING, ["n"])])
    words = np.array(["green", "blå", "", "never seen", "red"], dtype=object)
    save(folder, make(graph, ml=True), [([("colour", words)], [("code", np.array([2, 3, 4, -1, 1], np.int64)), ("echo", words)])])


def types(folder):
    rng = np.random.default_rng(8)
    arrays = [("f64", TensorProto.DOUBLE, rng.normal(size=(2, 3))), ("i32", TensorProto.INT32, rng.integers(-9, 9, (2, 2)).astype(np.int32)),
              ("i64", TensorProto.INT64, np.int64(7)), ("flag", TensorProto.BOOL, np.array([True, False])), ("u8", TensorProto.UINT8, np.arange(4, dtype=np.uint8)),
              ("none", TensorProto.FLOAT, np.zeros((0, 5), np.float32))]
    graph = helper.make_graph([helper.make_node("Identity", [n], ["out_" + n]) for n, _, _ in arrays], "types",
                              [info(n, k, list(np.shape(v))) for n, k, v in arrays], [info("out_" + n, k, list(np.shape(v))) for n, k, v in arrays])
    save(folder, make(graph), [([(n, v) for n, _, v in arrays], [("out_" + n, v) for n, _, v in arrays])])


def slow(folder):
    """Loops as often as its input says: for cancellation and deadlines."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("MatMul", ["m", "w"], ["p"]), helper.make_node("Tanh", ["p"], ["m_out"])], "body",
        [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, []), info("m", TensorProto.FLOAT, [64, 64])],
        [info("go_on", TensorProto.BOOL, []), info("m_out", TensorProto.FLOAT, [64, 64])])
    w = numpy_helper.from_array(np.eye(64, dtype=np.float32), "w")
    start = numpy_helper.from_array(np.ones((64, 64), np.float32), "start")
    yes = numpy_helper.from_array(np.array(True), "yes")
    graph = helper.make_graph([helper.make_node("Loop", ["times", "yes", "start"], ["end"], body=body), helper.make_node("ReduceMean", ["end"], ["mean"], keepdims=0)], "slow",
                              [info("times", TensorProto.INT64, [])], [info("mean", TensorProto.FLOAT, [])], [w, start, yes])
    save(folder, make(graph), [([("times", np.int64(1))], [("mean", np.float32(np.tanh(1.0)))])])


MODELS = {
    "forest": forest, "zipmap": lambda f: forest(f, zipmap=True), "mlp": dense, "external": lambda f: dense(f, external=True), "cnn": cnn,
    "transformer": transformer, "strings": strings, "types": types, "slow": slow,
}

if __name__ == "__main__":
    for name in sys.argv[2:] or MODELS:
        MODELS[name](os.path.join(sys.argv[1], name))
