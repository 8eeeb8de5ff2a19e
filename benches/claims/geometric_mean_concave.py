import cvxpy as cp

x = cp.Variable(4, pos=True)
f = cp.geo_mean(x)
print("proved" if f.is_concave() else f"no answer: {f.curvature}")
