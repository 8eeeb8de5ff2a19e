import cvxpy as cp

x = cp.Variable(2)
f = x[0] * x[1]
print("proved" if f.is_convex() else f"no answer: {f.curvature}")
