import cvxpy as cp

w, x = cp.Parameter(4), cp.Variable(4)
f = w @ x
print("proved" if f.is_convex() else f"no answer: {f.curvature}")
