@fl = float<ieee_32, ne>;
x0 = fl(X0); x1 = fl(X1); x2 = fl(X2); x3 = fl(X3);
rounded fl= x0 + x1 + x2 + x3;
exact = x0 + x1 + x2 + x3;
{ x0 in [-1, 1] /\ x1 in [-1, 1] /\ x2 in [-1, 1] /\ x3 in [-1, 1] -> rounded - exact in ? }
