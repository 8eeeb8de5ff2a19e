# Writes the networks of the claims for Vehicle and Marabou, mean.onnx and hull.onnx, into the current folder. Every weight is exact in fp32.
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def network(name, layers):
    """Matrices applied one after the other, with ReLU between them."""
    nodes, weights, last = [], [], "x"
    for n, layer in enumerate(layers):
        weights.append(numpy_helper.from_array(np.array(layer, dtype=np.float32), f"w{n}"))
        if n > 0:
            nodes.append(helper.make_node("Relu", [last], [f"r{n}"]))
            last = f"r{n}"
        nodes.append(helper.make_node("MatMul", [last, f"w{n}"], [f"h{n}"]))
        last = f"h{n}"
    weights.append(numpy_helper.from_array(np.zeros(len(layers[-1][0]), dtype=np.float32), "bias"))
    nodes.append(helper.make_node("Add", [last, "bias"], ["y"]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, len(layers[0])])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, len(layers[-1][0])])]
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")


network("mean", [[[0.25], [0.25], [0.25], [0.25]]])

# The inputs are not negative, so ReLU leaves them; max(a, b) is a + relu(b - a).
network("hull", [
    # x0, x1, x2, x3, x1 - x0, x3 - x2
    [[1, 0, 0, 0, -1, 0], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, -1], [0, 0, 0, 1, 0, 1]],
    # the mean, max(x0, x1), max(x2, x3) - max(x0, x1)
    [[0.25, 1, -1], [0.25, 0, 0], [0.25, 0, 1], [0.25, 0, 0], [0, 1, -1], [0, 0, 1]],
    # the mean minus the largest
    [[1], [-1], [-1]],
])
