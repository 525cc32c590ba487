"""Writes files by real libraries into the folder given: benign/* must pass, hostile/RULE__name must be blocked by RULE."""
import json, os, sys
import h5py, numpy as np, onnx
from onnx import helper, TensorProto, numpy_helper

root = sys.argv[1]
for kind in ("benign", "hostile"):
    os.makedirs(os.path.join(root, kind), exist_ok=True)
benign = lambda name: os.path.join(root, "benign", name)
hostile = lambda rule, name: os.path.join(root, "hostile", rule + "__" + name)


def layer(name, **config):
    return {"class_name": name, "config": dict(config, name=name.lower(), trainable=True, dtype="float32")}


def keras2(layers):
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}


dense = layer("Dense", units=2, activation="relu", kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}})
lam = layer("Lambda", function=["4wEAAAA=", None, None], function_type="lambda")


def write_keras(path, model, as_bytes=True, **options):
    with h5py.File(path, "w", **options) as f:
        text = json.dumps(model)
        f.attrs["keras_version"] = "2.15.0"
        f.attrs["backend"] = "tensorflow"
        f.attrs["model_config"] = text.encode() if as_bytes else text
        f.attrs["training_config"] = json.dumps({"loss": "mse", "metrics": None, "optimizer_config": {"class_name": "Adam", "config": {"learning_rate": 0.001}}})
        g = f.create_group("model_weights/dense/dense")
        g.create_dataset("kernel:0", data=np.ones((3, 2), "f4"))
        g.create_dataset("bias:0", data=np.zeros(2, "f4"))
        f["model_weights"].attrs["layer_names"] = np.array([b"dense"])


write_keras(benign("keras2.h5"), keras2([layer("InputLayer", batch_input_shape=[None, 3]), dense]))
write_keras(benign("keras2-vlen.h5"), keras2([dense]), as_bytes=False)
write_keras(hostile("keras.lambda", "lambda.h5"), keras2([dense, lam]))
write_keras(hostile("keras.lambda", "lambda-vlen.h5"), keras2([dense, lam]), as_bytes=False)
write_keras(hostile("keras.lambda", "latest.h5"), keras2([lam]), libver="latest")
write_keras(hostile("keras.class", "class.h5"), keras2([layer("Popen")]))
write_keras(hostile("keras.class", "module.h5"), keras2([dict(dense, module="os")]))
write_keras(hostile("keras.lambda", "nested.h5"), keras2([layer("TimeDistributed", layer=lam)]))

with h5py.File(benign("plain.h5"), "w") as f:
    f.create_dataset("zip", data=np.arange(10000).reshape(100, 100), chunks=(10, 10), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("text", data=np.array(["a", "bc"], dtype=h5py.string_dtype()))
    f.create_dataset("empty", shape=(0,), maxshape=(None,), dtype="f8")
    f.create_dataset("compound", data=np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]))
    f.create_dataset("bool", data=np.array([True, False]))
    f["hard"] = f["zip"]
    f["soft"] = h5py.SoftLink("/zip")
    for i in range(300):
        f.create_group("many/g%03d" % i)
    f.attrs["list"] = [1, 2, 3]
with h5py.File(benign("deep.h5"), "w") as f:
    f.create_group("/".join("g" * 64))
with h5py.File(hostile("hdf5.cycle", "deep.h5"), "w") as f:
    f.create_group("/".join("g" * 65))
with h5py.File(benign("loop.h5"), "w") as f:
    f.create_group("a")["b"] = f["/"]
with h5py.File(benign("latest.h5"), "w", libver="latest") as f:
    f.create_dataset("contiguous", data=np.arange(10))
    f.attrs["a"] = "text"
with h5py.File(hostile("hdf5.external-link", "link.h5"), "w") as f:
    f["out"] = h5py.ExternalLink("/etc/passwd", "/x")
with h5py.File(hostile("hdf5.external-link", "link-latest.h5"), "w", libver="latest") as f:
    f["out"] = h5py.ExternalLink("other.h5", "/x")
with h5py.File(hostile("hdf5.external-storage", "storage.h5"), "w") as f:
    f.create_dataset("d", shape=(10,), dtype="u1", external=[("/etc/passwd", 0, 10)])
with h5py.File(hostile("hdf5.soft-link", "dangling.h5"), "w") as f:
    f["s"] = h5py.SoftLink("/nowhere")
with h5py.File(hostile("hdf5.virtual-dataset", "virtual.h5"), "w", libver="latest") as f:
    layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
    layout[:] = h5py.VirtualSource("other.h5", "d", shape=(4,))
    f.create_virtual_dataset("v", layout)
with h5py.File(hostile("hdf5.filter", "scaleoffset.h5"), "w") as f:
    f.create_dataset("d", data=np.arange(100), chunks=(10,), scaleoffset=0)
with open(benign("plain.h5"), "rb") as f:
    data = f.read()
with open(hostile("hdf5.trailing", "trailing.h5"), "wb") as f:
    f.write(data + b"\x80\x04cos\nsystem\n.")
with open(hostile("hdf5.bounds", "short.h5"), "wb") as f:
    f.write(data[:-1])


def model(nodes, initializers=(), opsets=(("", 15),)):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 4])
    m = helper.make_model(helper.make_graph(nodes, "g", [x], [y], list(initializers)), opset_imports=[helper.make_opsetid(*o) for o in opsets])
    m.ir_version = 8
    return m


w = numpy_helper.from_array(np.ones((4, 4), "f4"), "w")
onnx.save(model([helper.make_node("MatMul", ["x", "w"], ["y"])], [w]), benign("small.onnx"))
onnx.save(model([helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")], opsets=(("", 15), ("com.microsoft", 1))), benign("microsoft.onnx"))
onnx.save(model([helper.make_node("MatMul", ["x", "w"], ["y"])], [numpy_helper.from_array(np.ones((4, 4), "f4"), "w")]), benign("external.onnx"), save_as_external_data=True, size_threshold=0, location="external.bin")
onnx.save(model([helper.make_node("Run", ["x"], ["y"], domain="evil")], opsets=(("", 15), ("evil", 1))), hostile("onnx.operator-domain", "domain.onnx"))
with open(benign("small.onnx"), "rb") as f:
    data = f.read()
with open(hostile("file.unknown", "cut.onnx"), "wb") as f:
    f.write(data[:-3])
