"""Makes a logistic regression on scikit-learn's breast cancer data as an ONNX model, with the onnx package alone, and prints the numbers that
scikit-learn itself computes for its first rows. Run with Debian's python3 (python3-onnx, python3-sklearn):  third_party.py <folder>
"""
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

folder = sys.argv[1]
data = load_breast_cancer()
x = data.data.astype(np.float32)
scaler = StandardScaler().fit(x)
model = LogisticRegression(max_iter=2000).fit(scaler.transform(x), data.target)

weights = (model.coef_[0] / scaler.scale_).astype(np.float32)
bias = np.float32(model.intercept_[0] - np.sum(model.coef_[0] * scaler.mean_ / scaler.scale_))
graph = helper.make_graph(
    [
        helper.make_node("MatMul", ["measurements", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["score"]),
        helper.make_node("Sigmoid", ["score"], ["benign"]),
    ],
    "breast-cancer",
    [helper.make_tensor_value_info("measurements", TensorProto.FLOAT, ["batch", x.shape[1]])],
    [helper.make_tensor_value_info("benign", TensorProto.FLOAT, ["batch", 1])],
    [numpy_helper.from_array(weights.reshape(-1, 1), "weights"), numpy_helper.from_array(np.array([bias]), "bias")],
)
proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], producer_name="third-party")
proto.ir_version = 8
onnx.checker.check_model(proto)
os.makedirs(folder, exist_ok=True)
onnx.save_model(proto, os.path.join(folder, "model.onnx"))
rows = x[:20]
print(json.dumps({"rows": rows.tolist(), "benign": model.predict_proba(scaler.transform(rows))[:, 1].tolist()}))
