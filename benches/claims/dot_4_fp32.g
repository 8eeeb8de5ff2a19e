@fl = float<ieee_32, ne>;
x0 = fl(X0); x1 = fl(X1); x2 = fl(X2); x3 = fl(X3);
y0 = fl(Y0); y1 = fl(Y1); y2 = fl(Y2); y3 = fl(Y3);
rounded fl= x0 * y0 + x1 * y1 + x2 * y2 + x3 * y3;
exact = x0 * y0 + x1 * y1 + x2 * y2 + x3 * y3;
{ x0 in [-1, 1] /\ x1 in [-1, 1] /\ x2 in [-1, 1] /\ x3 in [-1, 1] /\ y0 in [-1, 1] /\ y1 in [-1, 1] /\ y2 in [-1, 1] /\ y3 in [-1, 1] -> rounded - exact in ? }
