import cvxpy as cp

x = cp.Variable(4)
f = cp.norm(x, 2)
print("proved" if f.is_convex() else f"no answer: {f.curvature}")
