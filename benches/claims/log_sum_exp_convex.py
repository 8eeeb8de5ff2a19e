import cvxpy as cp

x = cp.Variable(4)
f = cp.log_sum_exp(x)
print("proved" if f.is_convex() else f"no answer: {f.curvature}")
