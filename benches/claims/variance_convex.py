import cvxpy as cp

x = cp.Variable(2)
f = cp.sum_squares(x) / 2 - cp.square(cp.sum(x) / 2)
print("proved" if f.is_convex() else f"no answer: {f.curvature}")
