@fl = float<ieee_64, ne>;
x0 = fl(X0); x1 = fl(X1); x2 = fl(X2); x3 = fl(X3); x4 = fl(X4); x5 = fl(X5); x6 = fl(X6); x7 = fl(X7);
rounded fl= x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
exact = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
{ x0 in [-1, 1] /\ x1 in [-1, 1] /\ x2 in [-1, 1] /\ x3 in [-1, 1] /\ x4 in [-1, 1] /\ x5 in [-1, 1] /\ x6 in [-1, 1] /\ x7 in [-1, 1] -> rounded - exact in ? }
