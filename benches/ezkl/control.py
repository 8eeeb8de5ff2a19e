# ezkl as a control: the network of an integer model for one token, in the current folder, proved and verified once.
# Arguments: model.safetensors and the token. Prints the time of each step in seconds, and the size of the proof in bytes.
#
# With one token the attention is the identity on its values, so queries and keys are left out, which is less work than the worker does.
# Weights are those of the model as fractions of 128, gains of 16384. ezkl rounds otherwise than the worker, so only costs are compared.
import json
import struct
import sys
import time

import ezkl
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-2


def tensors(path):
    """The tensors of a file in the format safetensors, as integers."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, body, out = json.loads(data[8 : 8 + length]), data[8 + length :], {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            kind = {"I8": "<i1", "I16": "<i2"}[entry["dtype"]]
            out[name] = np.frombuffer(body[start:end], dtype=kind).reshape(entry["shape"])
    return out


class Graph:
    """Nodes and constants of a network."""

    def __init__(self):
        self.nodes, self.constants, self.products = [], [], 0

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=np.float32), name))
        return name

    def node(self, kind, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def linear(self, x, weights):
        self.products += weights.size
        return self.node("MatMul", x, self.constant(weights.T / 128.0))

    def norm(self, x, gains):
        squares = self.node("ReduceMean", self.node("Mul", x, x), axes=[1], keepdims=1)
        root = self.node("Sqrt", self.node("Add", squares, self.constant([EPSILON])))
        return self.node("Mul", self.node("Div", x, root), self.constant(gains / 16384.0))


def network(model):
    """The network of the model from an embedding to the logits."""
    g, x, layer = Graph(), "x", 0
    while f"model.layers.{layer}.input_layernorm.weight" in model:
        at = lambda name: model[f"model.layers.{layer}.{name}.weight"]
        value = g.linear(g.norm(x, at("input_layernorm")), at("self_attn.v_proj"))
        # Heads that share a value head read it side by side.
        shared = at("self_attn.o_proj").shape[1] // at("self_attn.v_proj").shape[0]
        mixed = value if shared == 1 else g.node("Concat", *([value] * shared), axis=1)
        x = g.node("Add", x, g.linear(mixed, at("self_attn.o_proj")))
        inner = g.norm(x, at("post_attention_layernorm"))
        gate = g.linear(inner, at("mlp.gate_proj"))
        gated = g.node("Mul", g.node("Mul", gate, g.node("Sigmoid", gate)), g.linear(inner, at("mlp.up_proj")))
        x = g.node("Add", x, g.linear(gated, at("mlp.down_proj")))
        layer += 1
    y = g.linear(g.norm(x, model["model.norm.weight"]), model["lm_head.weight"])
    width, vocabulary = model["model.embed_tokens.weight"].shape[1], model["lm_head.weight"].shape[0]
    sides = [("x", width), (y, vocabulary)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in sides]
    graph = helper.make_graph(g.nodes, "control", values[:1], values[1:], g.constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    onnx.save(made, "network.onnx")
    return g.products


def timed(name, step):
    start = time.perf_counter()
    done = step()
    print(f"{name} {time.perf_counter() - start:.4f}", flush=True)
    if done is False:
        sys.exit(f"ezkl failed at {name}")


model = tensors(sys.argv[1])
embedding = model["model.embed_tokens.weight"][int(sys.argv[2])] / 128.0
print(f"products {network(model)}")
with open("input.json", "w") as file:
    json.dump({"input_data": [[float(v) for v in embedding]]}, file)
arguments = ezkl.PyRunArgs()
arguments.input_scale = arguments.param_scale = 7
timed("settings", lambda: ezkl.gen_settings("network.onnx", "settings.json", py_run_args=arguments))
timed("calibrate", lambda: ezkl.calibrate_settings("input.json", "network.onnx", "settings.json", scales=[7]))
with open("settings.json") as file:
    rows = json.load(file)["run_args"]["logrows"]
timed("compile", lambda: ezkl.compile_circuit("network.onnx", "network.ezkl", "settings.json"))
# The string is made here and not fetched from a ceremony: a control is not to be trusted, and costs are the same.
timed("string", lambda: ezkl.gen_srs("srs", rows))
timed("setup", lambda: ezkl.setup("network.ezkl", "vk", "pk", "srs"))
timed("witness", lambda: ezkl.gen_witness("input.json", "network.ezkl", "witness.json"))
timed("prove", lambda: ezkl.prove("witness.json", "network.ezkl", "pk", "proof.json", "srs"))
timed("verify", lambda: ezkl.verify("proof.json", "settings.json", "vk", "srs"))
with open("proof.json") as file:
    print(f"bytes {len(json.load(file)['proof'])}")
